package appprofile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	appprofilev1 "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

// What a test shortens.
var (
	// A stream on which nothing came for so long is taken for lost. The service sends a checkpoint every five seconds.
	idleLimit = time.Minute
	// The pause after the first interruption. It doubles until a message comes.
	firstPause   = 500 * time.Millisecond
	longestPause = 5 * time.Second
)

// StreamOption is an option of one stream.
type StreamOption func(*streamOptions)

type streamOptions struct {
	onInterruption func(*Error)
}

// OnInterruption has call called with the error of each interruption, before the pause that follows.
func OnInterruption(call func(*Error)) StreamOption {
	return func(o *streamOptions) { o.onInterruption = call }
}

// WatchProfiles iterates over the events of profiles, without end.
//
// After an interruption the stream goes on after the last message: nothing is missed, and nothing comes twice. Store the
// resume token of each message with what its events led to; a message without events is a checkpoint.
//
// The iteration ends without an error when ctx is done. An error is the last thing it yields: a
// *ResumeTokenExpiredError if events were missed, an *Error if the call is refused.
func (c *Client) WatchProfiles(
	ctx context.Context, request *appprofilev1.WatchProfilesRequest, options ...StreamOption,
) iter.Seq2[*appprofilev1.WatchProfilesResponse, error] {
	return resume(ctx, c, c.Profiles.WatchProfiles, request, options)
}

// ResolveRecipients iterates over those whom a message can reach, each profile once; then the ids that reach nobody.
//
// After an interruption the stream goes on after the last message. The iteration ends without an error when everything
// was sent, and when ctx is done: check ctx.Err. An error is the last thing it yields: an *Error if the call is refused.
func (c *Client) ResolveRecipients(
	ctx context.Context, request *appprofilev1.ResolveRecipientsRequest, options ...StreamOption,
) iter.Seq2[*appprofilev1.ResolveRecipientsResponse, error] {
	return resume(ctx, c, c.Profiles.ResolveRecipients, request, options)
}

// ExportProfiles iterates over every profile of an app, each once, in order of user and device; otherwise as
// ResolveRecipients.
func (c *Client) ExportProfiles(
	ctx context.Context, request *appprofilev1.ExportProfilesRequest, options ...StreamOption,
) iter.Seq2[*appprofilev1.ExportProfilesResponse, error] {
	return resume(ctx, c, c.Profiles.ExportProfiles, request, options)
}

// ExportCustomers iterates over every customer of the tenant, each once, ordered by id; otherwise as ResolveRecipients.
func (c *Client) ExportCustomers(
	ctx context.Context, request *appprofilev1.ExportCustomersRequest, options ...StreamOption,
) iter.Seq2[*appprofilev1.ExportCustomersResponse, error] {
	return resume(ctx, c, c.Customers.ExportCustomers, request, options)
}

// A response with a resume token.
type resumable[M any] interface {
	*M
	proto.Message
	GetResumeToken() string
}

// Open is the stub's method of a server stream. Its request has a field resume_token.
type open[Q proto.Message, M any] func(context.Context, Q, ...grpc.CallOption) (grpc.ServerStreamingClient[M], error)

// resume iterates over the messages of a server stream, and opens it again after each interruption.
func resume[Q proto.Message, M any, A resumable[M]](
	ctx context.Context, client *Client, method open[Q, M], request Q, options []StreamOption,
) iter.Seq2[A, error] {
	request = proto.CloneOf(request)
	return func(yield func(A, error) bool) {
		next := proto.CloneOf(request)
		recovery := newRecovery(client, options)
		receive := func(message A) bool {
			if token := message.GetResumeToken(); token != "" {
				setResumeToken(next, token)
			}
			recovery.received()
			return yield(message, nil)
		}
		for {
			err := attempt(ctx, method, next, receive)
			if err == nil || ctx.Err() != nil {
				return
			}
			if err = recovery.wait(ctx, err); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// recovery is what a stream does after its failures.
type recovery struct {
	client         *Client
	onInterruption func(*Error)
	began          bool
	failures       int
}

func newRecovery(client *Client, options []StreamOption) *recovery {
	var chosen streamOptions
	for _, option := range options {
		option(&chosen)
	}
	return &recovery{client: client, onInterruption: chosen.onInterruption}
}

// received says that a message came.
func (r *recovery) received() { r.began, r.failures = true, 0 }

// wait returns when the stream may be opened again, or ctx is done; and the error at once if it does not pass.
func (r *recovery) wait(ctx context.Context, err error) error {
	var failed *Error
	closed := r.client.connection.GetState() == connectivity.Shutdown
	if closed || !errors.As(err, &failed) || !passes(failed, r.began) {
		return err
	}
	if r.onInterruption != nil {
		r.onInterruption(failed)
	}
	select {
	case <-ctx.Done():
	case <-time.After(max(pause(r.failures), failed.RetryDelay)):
	}
	r.failures++
	return nil
}

// attempt opens the stream once. No error: it is complete, or receive wants no more.
func attempt[Q proto.Message, M any, A resumable[M]](
	ctx context.Context, method open[Q, M], request Q, receive func(A) bool,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var lost atomic.Bool
	idle := time.AfterFunc(idleLimit, func() { lost.Store(true); cancel() })
	defer idle.Stop()
	// Waiting is done by the caller, which so knows what it waits for.
	stream, err := method(ctx, request, grpc.WaitForReady(false))
	for err == nil {
		var message *M
		if message, err = stream.Recv(); err != nil {
			break
		}
		if !idle.Stop() {
			break
		}
		if !receive(message) {
			return nil
		}
		idle.Reset(idleLimit)
	}
	if err == io.EOF {
		return nil
	}
	if lost.Load() {
		return nothingCame()
	}
	return err
}

func nothingCame() error {
	return newError(status.New(codes.Unavailable, fmt.Sprintf("nothing came for %v", idleLimit)))
}

// passes says whether the stream may be resumed. A full limit of streams passes only for a stream that had a message:
// its old connection may still be counted.
func passes(err *Error, began bool) bool {
	switch err.Code {
	case codes.Unavailable:
		return true
	case codes.ResourceExhausted:
		return began && err.RetryDelay > 0
	case codes.Unknown, codes.Internal, codes.Canceled: // what gRPC and proxies make of a connection that broke
		return err.Reason == ""
	}
	return false
}

// pause is the wait after so many failures in a row. The readers of a server that stops are spread out.
func pause(failures int) time.Duration {
	regular := min(firstPause<<min(failures, 10), longestPause)
	return time.Duration(float64(regular) * (0.2 + 0.8*rand.Float64()))
}

func setResumeToken(request proto.Message, token string) {
	message := request.ProtoReflect()
	message.Set(message.Descriptor().Fields().ByName("resume_token"), protoreflect.ValueOfString(token))
}
