package appprofile

import (
	"context"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	appprofilev1 "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

// Requests that are sent ahead of their responses, and kept until these come.
const requestsAhead = 8

// ImportProfiles imports profiles and iterates over the responses, one for each request, in order.
//
// Requests are parts of one import, each of up to 1000 records; give all the same ImportId. They are read in a goroutine
// of their own, each once, and must not be changed afterwards. Records without a number are numbered from 1.
//
// After an interruption the requests without a response are sent again; a part that is repeated changes nothing. The
// iteration ends without an error when every request has its response, and when ctx is done: check ctx.Err. An error is
// the last thing it yields: an *Error if the call is refused.
func (c *Client) ImportProfiles(
	ctx context.Context, requests iter.Seq[*appprofilev1.ImportProfilesRequest], options ...StreamOption,
) iter.Seq2[*appprofilev1.ImportProfilesResponse, error] {
	return resumeImport(ctx, c, c.Profiles.ImportProfiles, requests, options)
}

// ImportCustomers imports customers, as ImportProfiles.
func (c *Client) ImportCustomers(
	ctx context.Context, requests iter.Seq[*appprofilev1.ImportCustomersRequest], options ...StreamOption,
) iter.Seq2[*appprofilev1.ImportCustomersResponse, error] {
	return resumeImport(ctx, c, c.Customers.ImportCustomers, requests, options)
}

// A part of an import. It has fields first_record and records.
type importRequest[Q any] interface {
	*Q
	proto.Message
}

// openImport is the stub's method of an import.
type openImport[Q, M any] func(context.Context, ...grpc.CallOption) (grpc.BidiStreamingClient[Q, M], error)

// resumeImport iterates over the responses, and opens the stream again after each interruption.
func resumeImport[Q, M any, A importRequest[Q]](
	ctx context.Context, client *Client, method openImport[Q, M], requests iter.Seq[A], options []StreamOption,
) iter.Seq2[*M, error] {
	return func(yield func(*M, error) bool) {
		reading, stop := context.WithCancel(ctx)
		defer stop()
		recovery := newRecovery(client, options)
		parts := &importParts[Q, M]{following: readAhead(reading, requests), receive: func(response *M) bool {
			recovery.received()
			return yield(response, nil)
		}}
		for {
			err := parts.attempt(ctx, method)
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

// readAhead reads and numbers the requests, until ctx is done.
func readAhead[Q any, A importRequest[Q]](ctx context.Context, requests iter.Seq[A]) <-chan *Q {
	read := make(chan *Q)
	go func() {
		defer close(read)
		next := int64(1)
		for request := range requests {
			next = number(request, next)
			select {
			case read <- request:
			case <-ctx.Done():
				return
			}
		}
	}()
	return read
}

// number gives the request its first_record, if it has none, and returns that of the next one.
func number(request proto.Message, next int64) int64 {
	message := request.ProtoReflect()
	fields := message.Descriptor().Fields()
	first := fields.ByName("first_record")
	if message.Get(first).Int() == 0 {
		message.Set(first, protoreflect.ValueOfInt64(next))
	}
	return message.Get(first).Int() + int64(message.Get(fields.ByName("records")).List().Len())
}

// importParts is what is left of an import.
type importParts[Q, M any] struct {
	open      []*Q      // without a response
	following <-chan *Q // nil: all were read
	receive   func(*M) bool
}

type received[M any] struct {
	response *M
	err      error
}

// attempt opens the stream once. No error: the import is complete, or receive wants no more.
func (p *importParts[Q, M]) attempt(ctx context.Context, method openImport[Q, M]) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Waiting is done by the caller, which so knows what it waits for.
	stream, err := method(ctx, grpc.WaitForReady(false))
	if err != nil {
		return err
	}
	sent := make(chan *Q, requestsAhead) // always has room: what it holds is open
	go sendAll(stream, sent)
	for _, request := range p.open {
		sent <- request
	}
	responses := make(chan received[M])
	go receiveAll(ctx, stream, responses)
	return p.exchange(ctx, sent, responses)
}

// exchange sends what follows, and receives the responses, until the stream ends.
func (p *importParts[Q, M]) exchange(ctx context.Context, sent chan<- *Q, responses <-chan received[M]) error {
	if p.following == nil {
		close(sent)
	}
	defer func() {
		if p.following != nil {
			close(sent)
		}
	}()
	lost := time.NewTimer(idleLimit)
	defer lost.Stop()
	for {
		following, silence := p.following, lost.C
		if len(p.open) == requestsAhead {
			following = nil
		}
		if len(p.open) == 0 && p.following != nil {
			silence = nil // it is the caller that is waited for
		}
		select {
		case request, more := <-following:
			if more {
				p.open = append(p.open, request)
				sent <- request
			} else {
				p.following = nil
				close(sent)
			}
		case next := <-responses:
			if complete := p.following == nil && len(p.open) == 0; next.err == io.EOF && complete {
				return nil
			}
			if next.err == io.EOF {
				return newError(status.New(codes.Unavailable, "the stream ended early"))
			}
			if next.err != nil {
				return next.err
			}
			p.open = p.open[1:]
			if !p.receive(next.response) {
				return nil
			}
		case <-silence:
			return nothingCame()
		case <-ctx.Done():
			return ctx.Err()
		}
		lost.Reset(idleLimit)
	}
}

// sendAll sends the requests. What fails in it is told by the responses.
func sendAll[Q, M any](stream grpc.BidiStreamingClient[Q, M], requests <-chan *Q) {
	for request := range requests {
		_ = stream.Send(request)
	}
	_ = stream.CloseSend()
}

// receiveAll passes on every response, and what ended the stream.
func receiveAll[Q, M any](ctx context.Context, stream grpc.BidiStreamingClient[Q, M], to chan<- received[M]) {
	for {
		response, err := stream.Recv()
		select {
		case to <- received[M]{response, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}
