package appprofile

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	pb "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

// What one import does: acknowledges so many requests, then fails with end, or is silent; without both it acknowledges all.
type importScript struct {
	requests int
	end      error
	silent   bool
}

type importing struct {
	pb.UnimplementedProfileServiceServer
	scripts []importScript
	lock    sync.Mutex
	first   []int64 // of the acknowledged requests
	key     []string
}

func (s *importing) ImportProfiles(
	stream grpc.BidiStreamingServer[pb.ImportProfilesRequest, pb.ImportProfilesResponse],
) error {
	headers, _ := metadata.FromIncomingContext(stream.Context())
	s.lock.Lock()
	s.key = headers.Get("x-api-key")
	current := importScript{}
	if len(s.scripts) > 0 {
		current, s.scripts = s.scripts[0], s.scripts[1:]
	}
	s.lock.Unlock()
	for answered := 0; ; answered++ {
		if answered == current.requests && current.end != nil {
			return current.end
		}
		if answered == current.requests && current.silent {
			<-stream.Context().Done()
			return nil
		}
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.lock.Lock()
		s.first = append(s.first, request.FirstRecord)
		s.lock.Unlock()
		last := request.FirstRecord + int64(len(request.Records)) - 1
		if err := stream.Send(&pb.ImportProfilesResponse{Acknowledged: last}); err != nil {
			return err
		}
	}
}

func importingClient(t *testing.T, scripts ...importScript) (*Client, *importing) {
	t.Helper()
	idle, first, longest := idleLimit, firstPause, longestPause
	firstPause, longestPause = time.Millisecond, 2*time.Millisecond
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := &importing{scripts: scripts}
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
		idleLimit, firstPause, longestPause = idle, first, longest
	})
	return client, service
}

// parts are requests with so many records each.
func parts(records ...int) iter.Seq[*pb.ImportProfilesRequest] {
	return func(yield func(*pb.ImportProfilesRequest) bool) {
		for _, count := range records {
			request := &pb.ImportProfilesRequest{AppId: "shop", ImportId: "move"}
			for range count {
				request.Records = append(request.Records, &pb.ProfileRecord{})
			}
			if !yield(request) {
				return
			}
		}
	}
}

func acknowledged(
	ctx context.Context, client *Client, requests iter.Seq[*pb.ImportProfilesRequest], options ...StreamOption,
) (numbers []int64, err error) {
	for response, failed := range client.ImportProfiles(ctx, requests, options...) {
		if failed != nil {
			return numbers, failed
		}
		numbers = append(numbers, response.Acknowledged)
	}
	return numbers, nil
}

func TestAnImportGoesOnAfterTheLastAcknowledgedRecord(t *testing.T) {
	aged := refusal(codes.Unavailable, "STREAM_AGED")
	client, service := importingClient(t, importScript{requests: 1, end: aged}, importScript{requests: 1, end: aged})
	interruptions := 0
	numbers, err := acknowledged(t.Context(), client, parts(2, 3, 1), OnInterruption(func(*Error) { interruptions++ }))
	if err != nil || !slices.Equal(numbers, []int64{2, 5, 6}) || interruptions != 2 {
		t.Errorf("got %v, %v, %d interruptions", numbers, err, interruptions)
	}
	if !slices.Equal(service.first, []int64{1, 3, 6}) || !slices.Equal(service.key, []string{"k"}) {
		t.Errorf("the service acknowledged the requests from %v with the key %v", service.first, service.key)
	}
}

func TestAnImportOfManyRequestsKeepsTheirOrder(t *testing.T) {
	aged := refusal(codes.Unavailable, "STREAM_AGED")
	client, _ := importingClient(t, importScript{requests: 5, end: aged}, importScript{requests: 20, end: aged})
	numbers, err := acknowledged(t.Context(), client, parts(slices.Repeat([]int{1}, 50)...))
	if err != nil || len(numbers) != 50 || !slices.IsSorted(numbers) || numbers[49] != 50 {
		t.Errorf("got %v, %v", numbers, err)
	}
}

func TestAnImportWithoutRequestsEnds(t *testing.T) {
	client, _ := importingClient(t)
	if numbers, err := acknowledged(t.Context(), client, parts()); err != nil || numbers != nil {
		t.Errorf("got %v, %v", numbers, err)
	}
}

func TestASilentImportIsOpenedAgain(t *testing.T) {
	client, _ := importingClient(t, importScript{requests: 1, silent: true})
	idleLimit = 200 * time.Millisecond
	patient := OnInterruption(func(*Error) { idleLimit = time.Hour })
	numbers, err := acknowledged(t.Context(), client, parts(1, 1), patient)
	if err != nil || !slices.Equal(numbers, []int64{1, 2}) {
		t.Errorf("got %v, %v", numbers, err)
	}
	if idleLimit != time.Hour {
		t.Error("the stream was not interrupted")
	}
}

func TestARefusedImportFails(t *testing.T) {
	client, _ := importingClient(t, importScript{end: refusal(codes.PermissionDenied, "METHOD_NOT_ALLOWED")})
	_, err := acknowledged(t.Context(), client, parts(1, 1))
	var refused *Error
	if !errors.As(err, &refused) || refused.Reason != "METHOD_NOT_ALLOWED" {
		t.Errorf("got %v", err)
	}
}

func TestACancelledImportEndsWithoutAnError(t *testing.T) {
	// Often, as the end of the stream and the end of the context race.
	client, _ := importingClient(t, slices.Repeat([]importScript{{requests: 1, silent: true}}, 200)...)
	for range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		for response, err := range client.ImportProfiles(ctx, parts(1, 1)) {
			if err != nil || response.Acknowledged != 1 {
				t.Errorf("got %v, %v", response, err)
			}
			cancel()
		}
		cancel()
	}
}
