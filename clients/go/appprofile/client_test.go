package appprofile_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/profile-grpc/profile-grpc/clients/go/appprofile"
	pb "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

// A service that answers each heartbeat as the test says.
type service struct {
	pb.UnimplementedProfileServiceServer
	answer func(context.Context) error
}

func (s service) Heartbeat(ctx context.Context, _ *pb.HeartbeatRequest) (*pb.HeartbeatResponse, error) {
	return &pb.HeartbeatResponse{}, s.answer(ctx)
}

// serve starts the service on loopback and returns a client of it.
func serve(t *testing.T, options appprofile.Options, answer func(context.Context) error) *appprofile.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterProfileServiceServer(server, service{answer: answer})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	options.Plaintext = true
	client, err := appprofile.Connect(listener.Addr().String(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func beat(client *appprofile.Client) error {
	_, err := client.Profiles.Heartbeat(context.Background(), &pb.HeartbeatRequest{})
	return err
}

func TestCredentialsAndDeadlineTravelWithEachCall(t *testing.T) {
	asked := 0
	jwt := func(context.Context) (string, error) { asked++; return fmt.Sprint("token-", asked), nil }
	client := serve(t, appprofile.Options{Key: "k", JWT: jwt, Deadline: time.Hour}, func(ctx context.Context) error {
		headers, _ := metadata.FromIncomingContext(ctx)
		deadline, _ := ctx.Deadline()
		return status.Error(codes.Aborted, fmt.Sprint(headers["x-api-key"], headers["authorization"],
			time.Until(deadline).Round(time.Hour)))
	})
	for _, want := range []string{"[k] [Bearer token-1] 1h0m0s", "[k] [Bearer token-2] 1h0m0s"} {
		if got := status.Convert(beat(client)).Message(); got != want {
			t.Errorf("the service saw %q, want %q", got, want)
		}
	}
}

func TestACallKeepsItsOwnDeadline(t *testing.T) {
	// The service's own clock may pass the deadline first, and then it is the service's answer that the caller gets.
	late := func(ctx context.Context) error { <-ctx.Done(); return status.FromContextError(ctx.Err()).Err() }
	client := serve(t, appprofile.Options{}, late)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := client.Profiles.Heartbeat(ctx, &pb.HeartbeatRequest{})
	var refused *appprofile.Error
	if !errors.As(err, &refused) || refused.Code != codes.DeadlineExceeded || refused.Reason != "" {
		t.Errorf("got %v", err)
	}
}

func TestAFailingTokenSupplierFailsTheCall(t *testing.T) {
	lost := errors.New("no token")
	client := serve(t, appprofile.Options{JWT: func(context.Context) (string, error) { return "", lost }},
		func(context.Context) error { t.Error("the call was sent"); return nil })
	if err := beat(client); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

func TestErrorsAreDecoded(t *testing.T) {
	client := serve(t, appprofile.Options{}, func(context.Context) error {
		refused, _ := status.New(codes.InvalidArgument, "bad").WithDetails(
			&errdetails.ErrorInfo{Reason: "INVALID_REQUEST", Domain: "appprofile", Metadata: map[string]string{"fields": "key"}},
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "key", Description: "required"}}},
			&errdetails.RetryInfo{RetryDelay: durationpb.New(3 * time.Second)},
		)
		return refused.Err()
	})
	err := beat(client)
	var refused *appprofile.Error
	if !errors.As(err, &refused) {
		t.Fatalf("got %T", err)
	}
	if refused.Code != codes.InvalidArgument || refused.Reason != "INVALID_REQUEST" || refused.Metadata["fields"] != "key" ||
		refused.RetryDelay != 3*time.Second || len(refused.Violations) != 1 ||
		refused.Violations[0] != (appprofile.FieldViolation{Field: "key", Description: "required"}) {
		t.Errorf("got %+v", refused)
	}
	if want := "appprofile: INVALID_ARGUMENT INVALID_REQUEST bad"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("status.Code: got %v", status.Code(err))
	}
}

func TestUnavailableIsRetriedAndNothingElse(t *testing.T) {
	var calls atomic.Int32
	client := serve(t, appprofile.Options{}, func(context.Context) error {
		if calls.Add(1) == 1 {
			return status.Error(codes.Unavailable, "draining")
		}
		return status.Error(codes.Aborted, "")
	})
	if err := beat(client); status.Code(err) != codes.Aborted || calls.Load() != 2 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

func TestOptionsThatContradictEachOtherAreRefused(t *testing.T) {
	for name, options := range map[string]appprofile.Options{
		"plaintext with ca":           {Plaintext: true, CA: []byte("x")},
		"ca that is none":             {CA: []byte("x")},
		"certificate without its key": {Certificate: []byte("x")},
	} {
		if _, err := appprofile.Connect("localhost:1", options); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestTLSIsTheDefault(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := appprofile.Connect(listener.Addr().String(), appprofile.Options{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	go client.Profiles.Heartbeat(t.Context(), &pb.HeartbeatRequest{})
	connection, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	var hello *tls.ClientHelloInfo
	tls.Server(connection, &tls.Config{GetConfigForClient: func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = info
		return nil, errors.New("seen enough")
	}}).Handshake()
	if hello == nil {
		t.Error("the client said no TLS hello")
	}
}

func TestOptionsShowNoSecret(t *testing.T) {
	options := appprofile.Options{Key: "s3cret", PrivateKey: []byte("s3cret")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, options); strings.Contains(text, "s3cret") {
			t.Errorf("%s shows %s", format, text)
		}
	}
}

func TestAURLIsNoTarget(t *testing.T) {
	for _, target := range []string{"http://localhost:50051", "https://profiles.example.com", "HTTP://localhost:1"} {
		_, err := appprofile.Connect(target, appprofile.Options{Plaintext: true})
		if err == nil || err.Error() != "target must be host:port, without http:// or https://" {
			t.Errorf("%s: %v", target, err)
		}
	}
}
