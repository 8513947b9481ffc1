package appprofile

import (
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is why a call failed. Find it with errors.As; status.FromError understands it too.
type Error struct {
	// Code is the canonical code.
	Code codes.Code
	// Reason is a name of ErrorReason without its prefix, such as REREGISTER_REQUIRED. Empty when the answer did not come
	// from the service.
	Reason string
	// Message is a text for people.
	Message string
	// Metadata has the variable parts of the message.
	Metadata map[string]string
	// Violations are the violated rules of an INVALID_ARGUMENT.
	Violations []FieldViolation
	// RetryDelay is how long to wait before a retry, if the service says so.
	RetryDelay time.Duration

	status *status.Status
}

// FieldViolation is one violated rule: the field's path in the request (key.user_id) and what is wrong with it.
type FieldViolation struct {
	Field       string
	Description string
}

// Error says code, reason and message.
func (e *Error) Error() string {
	words := []string{code.Code(e.Code).String()}
	for _, word := range []string{e.Reason, e.Message} {
		if word != "" {
			words = append(words, word)
		}
	}
	return "appprofile: " + strings.Join(words, " ")
}

// GRPCStatus is the status as gRPC has it.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// ErrorFromStatus decodes a google.rpc.Status, such as the one of a batch item. Unknown details are ignored.
func ErrorFromStatus(s *spb.Status) *Error { return newError(status.FromProto(s)) }

// ResumeTokenExpiredError is why a stream cannot be resumed: messages after the token are no longer kept, or the database
// was restored from an older copy. Read the current state, then resume with OldestResumeToken. errors.As finds the *Error
// in it, too.
type ResumeTokenExpiredError struct {
	// OldestResumeToken is the oldest token that can be used.
	OldestResumeToken string

	err *Error
}

// Error says code, reason and message.
func (e *ResumeTokenExpiredError) Error() string { return e.err.Error() }

// Unwrap returns the *Error.
func (e *ResumeTokenExpiredError) Unwrap() error { return e.err }

func decode(err error) error {
	if err == nil {
		return nil
	}
	decoded := newError(status.Convert(err))
	if decoded.Reason == "RESUME_TOKEN_EXPIRED" {
		return &ResumeTokenExpiredError{OldestResumeToken: decoded.Metadata["oldest_resume_token"], err: decoded}
	}
	return decoded
}

func newError(s *status.Status) *Error {
	decoded := &Error{Code: s.Code(), Message: s.Message(), status: s}
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			decoded.Reason = detail.GetReason()
			decoded.Metadata = detail.GetMetadata()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				decoded.Violations = append(decoded.Violations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			decoded.RetryDelay = detail.GetRetryDelay().AsDuration()
		}
	}
	return decoded
}
