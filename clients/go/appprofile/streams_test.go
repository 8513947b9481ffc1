package appprofile

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	pb "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

var fromOldest = &pb.WatchProfilesRequest{
	AppIds: []string{"shop"}, Start: &pb.WatchProfilesRequest_FromOldest{FromOldest: true},
}

// What one stream sends: messages, and at the end an error, or silence.
type script struct {
	tokens []string
	end    error
}

// A service that follows the scripts, one for each stream, and notes the requests.
type scripted struct {
	pb.UnimplementedProfileServiceServer
	scripts  []script
	requests []*pb.WatchProfilesRequest
	headers  []metadata.MD
}

func (s *scripted) WatchProfiles(
	request *pb.WatchProfilesRequest, stream grpc.ServerStreamingServer[pb.WatchProfilesResponse],
) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	s.headers = append(s.headers, headers)
	s.requests = append(s.requests, request)
	if len(s.scripts) == 0 {
		return status.Error(codes.FailedPrecondition, "the test has no script for this stream")
	}
	current := s.scripts[0]
	s.scripts = s.scripts[1:]
	for _, token := range current.tokens {
		if err := stream.Send(&pb.WatchProfilesResponse{ResumeToken: token}); err != nil {
			return err
		}
	}
	if current.end != nil {
		return current.end
	}
	<-stream.Context().Done()
	return nil
}

func watching(t *testing.T, scripts ...script) (*Client, *scripted) {
	t.Helper()
	restore := []any{idleLimit, firstPause, longestPause}
	firstPause, longestPause = time.Millisecond, 2*time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := &scripted{scripts: scripts}
	server := grpc.NewServer()
	pb.RegisterProfileServiceServer(server, service)
	go server.Serve(listener)
	// The deadline is of calls, and not of streams.
	client, err := Connect(listener.Addr().String(), Options{Plaintext: true, Key: "k", Deadline: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Stop()
		idleLimit, firstPause, longestPause = restore[0].(time.Duration), restore[1].(time.Duration), restore[2].(time.Duration)
	})
	return client, service
}

func refusal(code codes.Code, reason string, more ...*durationpb.Duration) error {
	info := &errdetails.ErrorInfo{Reason: reason, Metadata: map[string]string{"oldest_resume_token": "old"}}
	made, _ := status.New(code, "no").WithDetails(info)
	for _, delay := range more {
		made, _ = made.WithDetails(&errdetails.RetryInfo{RetryDelay: delay})
	}
	return made.Err()
}

// take iterates until so many messages have come.
func take(ctx context.Context, client *Client, count int, options ...StreamOption) (tokens []string, err error) {
	for message, failed := range client.WatchProfiles(ctx, fromOldest, options...) {
		if failed != nil {
			return tokens, failed
		}
		if tokens = append(tokens, message.GetResumeToken()); len(tokens) == count {
			break
		}
	}
	return tokens, nil
}

func TestAnInterruptedStreamGoesOnAfterTheLastMessage(t *testing.T) {
	aged := refusal(codes.Unavailable, "STREAM_AGED")
	client, service := watching(t, script{[]string{"a", "b"}, aged}, script{end: status.Error(codes.Internal, "reset")},
		script{tokens: []string{"c"}})
	var interruptions []string
	tokens, err := take(t.Context(), client, 3, OnInterruption(func(e *Error) { interruptions = append(interruptions, e.Reason) }))
	if err != nil || !slices.Equal(tokens, []string{"a", "b", "c"}) {
		t.Fatalf("got %v, %v", tokens, err)
	}
	resumed := &pb.WatchProfilesRequest{
		AppIds: []string{"shop"}, Start: &pb.WatchProfilesRequest_ResumeToken{ResumeToken: "b"},
	}
	for number, want := range []*pb.WatchProfilesRequest{fromOldest, resumed, resumed} {
		if got := service.requests[number]; !proto.Equal(got, want) {
			t.Errorf("request %d is %v, want %v", number, got, want)
		}
		if got := service.headers[number].Get("x-api-key"); !slices.Equal(got, []string{"k"}) {
			t.Errorf("request %d has the key %v", number, got)
		}
	}
	if !slices.Equal(interruptions, []string{"STREAM_AGED", ""}) {
		t.Errorf("got interruptions %v", interruptions)
	}
}

func TestAnExpiredTokenIsAnErrorOfItsOwn(t *testing.T) {
	client, _ := watching(t, script{[]string{"a"}, refusal(codes.OutOfRange, "RESUME_TOKEN_EXPIRED")})
	_, err := take(t.Context(), client, 2)
	var expired *ResumeTokenExpiredError
	if !errors.As(err, &expired) || expired.OldestResumeToken != "old" {
		t.Errorf("got %v", err)
	}
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != codes.OutOfRange || status.Code(err) != codes.OutOfRange {
		t.Errorf("got %v", err)
	}
}

func TestARefusalEndsTheStream(t *testing.T) {
	delay := durationpb.New(time.Millisecond)
	for _, end := range []error{
		refusal(codes.PermissionDenied, "METHOD_NOT_ALLOWED"),
		refusal(codes.Internal, "INTERNAL"),
		refusal(codes.ResourceExhausted, "TOO_MANY_STREAMS", delay),
	} {
		client, service := watching(t, script{end: end})
		_, err := take(t.Context(), client, 1)
		if status.Code(err) != status.Code(end) || len(service.requests) != 1 {
			t.Errorf("got %v after %d requests", err, len(service.requests))
		}
	}
}

func TestAFullLimitOfStreamsPassesForAStreamThatHadAMessage(t *testing.T) {
	full := refusal(codes.ResourceExhausted, "TOO_MANY_STREAMS", durationpb.New(time.Millisecond))
	client, _ := watching(t, script{[]string{"a"}, full}, script{tokens: []string{"b"}})
	if tokens, err := take(t.Context(), client, 2); err != nil || len(tokens) != 2 {
		t.Errorf("got %v, %v", tokens, err)
	}
}

func TestASilentStreamIsTakenForLost(t *testing.T) {
	client, service := watching(t, script{tokens: []string{"a"}}, script{tokens: []string{"b"}})
	var tokens, interruptions []string
	onInterruption := OnInterruption(func(e *Error) {
		interruptions = append(interruptions, e.Message)
		idleLimit = time.Hour // only the first stream is silent for too long, however slow the machine is
	})
	for message, err := range client.WatchProfiles(t.Context(), fromOldest, onInterruption) {
		if err != nil {
			t.Fatal(err)
		}
		if tokens = append(tokens, message.GetResumeToken()); len(tokens) == 2 {
			break
		}
		idleLimit = 50 * time.Millisecond
	}
	if !slices.Equal(tokens, []string{"a", "b"}) || service.requests[1].GetResumeToken() != "a" {
		t.Errorf("got %v, resumed by %v", tokens, service.requests[1])
	}
	if !slices.Equal(interruptions, []string{"nothing came for 50ms"}) {
		t.Errorf("got interruptions %q", interruptions)
	}
}

// takeFirst iterates until the stream ends. It calls act a little after the first message, when the next is waited for.
func takeFirst(ctx context.Context, client *Client, act func()) (tokens []string, err error) {
	for message, failed := range client.WatchProfiles(ctx, fromOldest) {
		if failed != nil {
			return tokens, failed
		}
		tokens = append(tokens, message.GetResumeToken())
		time.AfterFunc(50*time.Millisecond, act)
	}
	return tokens, nil
}

func TestACancelledContextEndsAStreamThatWaitsWithoutAnError(t *testing.T) {
	client, _ := watching(t, script{tokens: []string{"a"}})
	ctx, cancel := context.WithCancel(t.Context())
	if tokens, err := takeFirst(ctx, client, cancel); err != nil || len(tokens) != 1 {
		t.Errorf("got %v, %v", tokens, err)
	}
}

func TestACancelledContextEndsThePauseAfterAnInterruption(t *testing.T) {
	client, _ := watching(t, script{[]string{"a"}, refusal(codes.Unavailable, "DRAINING")})
	firstPause, longestPause = time.Hour, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	soon := OnInterruption(func(*Error) { time.AfterFunc(50*time.Millisecond, cancel) })
	if tokens, err := take(ctx, client, 2, soon); err != nil || len(tokens) != 1 {
		t.Errorf("got %v, %v", tokens, err)
	}
}

func TestAClosedClientEndsTheStreamWithAnError(t *testing.T) {
	client, _ := watching(t, script{tokens: []string{"a"}})
	tokens, err := takeFirst(t.Context(), client, func() { client.Close() })
	if status.Code(err) != codes.Canceled || len(tokens) != 1 {
		t.Errorf("got %v, %v", tokens, err)
	}
}

func TestPausesGrow(t *testing.T) {
	for failures, regular := range []time.Duration{500, 1000, 2000, 4000, 5000, 5000} {
		regular *= time.Millisecond
		if got := pause(failures); got < regular/5 || got > regular {
			t.Errorf("the pause after %d failures is %v", failures+1, got)
		}
	}
}
