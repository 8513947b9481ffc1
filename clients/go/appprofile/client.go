package appprofile

import (
	"context"
	_ "embed" // the retry policy
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/metadata"

	appprofilev1 "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

const (
	maxAnswerBytes    = 64 << 20 // a full page of profiles may exceed gRPC's default of 4 MiB
	maxReconnectDelay = 2 * time.Second
	connectTimeout    = 20 * time.Second // gRPC's default
)

// The retry policy that all clients share, as a gRPC service config.
//
//go:embed service_config.json
var retryPolicy string

// Client is one connection, for any number of goroutines. Connect makes one; Close ends it.
//
// Calls are those of the generated stubs. One that fails returns an *Error.
type Client struct {
	Profiles    appprofilev1.ProfileServiceClient
	Apps        appprofilev1.AppServiceClient
	Usage       appprofilev1.UsageServiceClient
	Webhooks    appprofilev1.WebhookServiceClient
	Credentials appprofilev1.CredentialServiceClient
	Customers   appprofilev1.CustomerServiceClient

	connection *grpc.ClientConn
}

// Connect returns a client of the service at target ("host:port"). Nothing is sent yet. An error means that the options
// contradict each other or hold unusable PEM.
func Connect(target string, options Options) (*Client, error) {
	if scheme := strings.ToLower(target); strings.HasPrefix(scheme, "http://") || strings.HasPrefix(scheme, "https://") {
		return nil, errors.New("target must be host:port, without http:// or https://")
	}
	transport, err := options.transport()
	if err != nil {
		return nil, err
	}
	reconnect := backoff.DefaultConfig
	reconnect.BaseDelay = 200 * time.Millisecond
	reconnect.MaxDelay = maxReconnectDelay
	connection, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(retryPolicy),
		grpc.WithDisableServiceConfig(), // no other one from DNS
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: reconnect, MinConnectTimeout: connectTimeout}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswerBytes)),
		grpc.WithUnaryInterceptor(options.intercept),
		grpc.WithStreamInterceptor(options.interceptStream),
	)
	if err != nil {
		return nil, err
	}
	return &Client{
		Profiles:    appprofilev1.NewProfileServiceClient(connection),
		Apps:        appprofilev1.NewAppServiceClient(connection),
		Usage:       appprofilev1.NewUsageServiceClient(connection),
		Webhooks:    appprofilev1.NewWebhookServiceClient(connection),
		Credentials: appprofilev1.NewCredentialServiceClient(connection),
		connection:  connection,
		Customers:   appprofilev1.NewCustomerServiceClient(connection),
	}, nil
}

// Close closes the connection. Calls in flight fail.
func (c *Client) Close() error {
	return c.connection.Close()
}

func (o Options) intercept(
	ctx context.Context,
	method string,
	request, response any,
	connection *grpc.ClientConn,
	invoke grpc.UnaryInvoker,
	callOptions ...grpc.CallOption,
) error {
	ctx, err := o.withCredentials(ctx)
	if err != nil {
		return err
	}
	if _, set := ctx.Deadline(); !set {
		limited, cancel := context.WithTimeout(ctx, o.deadline())
		defer cancel()
		ctx = limited
	}
	return decode(invoke(ctx, method, request, response, connection, callOptions...))
}

// Streams have no default deadline.
func (o Options) interceptStream(
	ctx context.Context,
	description *grpc.StreamDesc,
	connection *grpc.ClientConn,
	method string,
	open grpc.Streamer,
	callOptions ...grpc.CallOption,
) (grpc.ClientStream, error) {
	ctx, err := o.withCredentials(ctx)
	if err != nil {
		return nil, err
	}
	stream, err := open(ctx, description, connection, method, callOptions...)
	if err != nil {
		return nil, decode(err)
	}
	return decodedStream{stream}, nil
}

func (o Options) withCredentials(ctx context.Context) (context.Context, error) {
	if o.Key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-api-key", o.Key)
	}
	if o.JWT != nil {
		token, err := o.JWT(ctx)
		if err != nil {
			return nil, err
		}
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return ctx, nil
}

// A stream that fails with an *Error.
type decodedStream struct{ grpc.ClientStream }

func (s decodedStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err == io.EOF {
		return err
	}
	return decode(err)
}
