package appprofile

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// DefaultDeadline is the maximum duration of a call, including retries, if its context has no deadline.
const DefaultDeadline = 15 * time.Second

// Options say how to connect. The zero value is TLS with the system's roots, without a key. They hold secrets: however
// they are printed, nothing of them is shown.
type Options struct {
	// Key is sent with each call. Without one, only a server started with --dev accepts calls.
	Key string
	// JWT returns the user's current token; called once for each call. Its error becomes the call's.
	JWT func(context.Context) (string, error)
	// Plaintext means no TLS: for loopback, and for networks that encrypt traffic themselves.
	Plaintext bool
	// CA is the PEM of the authorities that may sign the server's certificate. Default: the system's roots.
	CA []byte
	// Certificate is the PEM that the client presents (mutual TLS), with its PrivateKey.
	Certificate, PrivateKey []byte
	// Deadline of a call whose context has none. Default: DefaultDeadline.
	Deadline time.Duration
}

// String shows nothing of the options.
func (o Options) String() string { return "appprofile.Options{…}" }

// GoString shows nothing of the options.
func (o Options) GoString() string { return o.String() }

func (o Options) deadline() time.Duration {
	if o.Deadline > 0 {
		return o.Deadline
	}
	return DefaultDeadline
}

func (o Options) transport() (credentials.TransportCredentials, error) {
	if o.Plaintext {
		if o.CA != nil || o.Certificate != nil || o.PrivateKey != nil {
			return nil, errors.New("appprofile: Plaintext has no TLS: leave out CA, Certificate and PrivateKey, or Plaintext")
		}
		return insecure.NewCredentials(), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("appprofile: CA holds no certificate in PEM")
		}
	}
	if o.Certificate != nil || o.PrivateKey != nil {
		pair, err := tls.X509KeyPair(o.Certificate, o.PrivateKey)
		if err != nil {
			return nil, errors.New("appprofile: Certificate and PrivateKey are no pair in PEM")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(config), nil
}
