package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/profile-grpc/profile-grpc/clients/go/appprofile"
	appprofilev1 "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

// One line of the transcript.
type line map[string]any

func (l line) String() string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	fail(encoder.Encode(l))
	return strings.TrimSuffix(text.String(), "\n")
}

type run struct {
	target  string
	ca      []byte
	lock    sync.Mutex // guards values and clients
	values  map[string]string
	clients map[string]*appprofile.Client
	streams map[string]func() (proto.Message, error, bool)
}

func newRun(target string, ca []byte, values map[string]string) *run {
	return &run{target: target, ca: ca, values: values, clients: map[string]*appprofile.Client{},
		streams: map[string]func() (proto.Message, error, bool){}}
}

// during makes the step's call again and again until the harness answers, and often enough.
func (r *run) during(s step) line {
	ask(s.During)
	done := make(chan struct{})
	go func() { awaitAnswer(); close(done) }()
	first := r.call(s)
	var different line
	var loops sync.WaitGroup
	for range s.Parallel {
		loops.Go(func() {
			for made := 0; ; made++ {
				select {
				case <-done:
					if made >= s.Repeat/s.Parallel {
						return
					}
				default:
				}
				if outcome := r.call(s); outcome.String() != first.String() {
					r.lock.Lock()
					different = outcome
					r.lock.Unlock()
				}
			}
		})
	}
	loops.Wait()
	if different != nil {
		return different
	}
	return first
}

// read goes on with the step's stream, or opens it.
func (r *run) read(s step) line {
	if s.Method != "" {
		r.streams[s.Stream] = r.open(s)
	}
	body := map[string]any{}
	for list, count := range s.Until {
		for entries, _ := body[list].([]any); len(entries) < count; entries, _ = body[list].([]any) {
			message, err, more := r.streams[s.Stream]()
			if !more {
				break
			}
			if err != nil {
				return r.streamRefused(s, err)
			}
			for name, value := range toJSON(message) {
				if entries, is := value.([]any); is {
					before, _ := body[name].([]any)
					value = append(before, entries...)
				}
				body[name] = value
			}
		}
	}
	return r.seen(s, body)
}

func (r *run) open(s step) func() (proto.Message, error, bool) {
	client := r.client(s.Key, s.Jwt)
	switch s.Method {
	case "ProfileService/WatchProfiles":
		return pull(r, s, &appprofilev1.WatchProfilesRequest{}, client.WatchProfiles)
	case "ProfileService/ResolveRecipients":
		return pull(r, s, &appprofilev1.ResolveRecipientsRequest{}, client.ResolveRecipients)
	case "ProfileService/ExportProfiles":
		return pull(r, s, &appprofilev1.ExportProfilesRequest{}, client.ExportProfiles)
	case "CustomerService/ExportCustomers":
		return pull(r, s, &appprofilev1.ExportCustomersRequest{}, client.ExportCustomers)
	}
	fail(fmt.Errorf("%s is no stream", s.Method))
	return nil
}

// pull opens the stream with the step's request.
func pull[Q, M proto.Message](
	r *run, s step, request Q,
	method func(context.Context, Q, ...appprofile.StreamOption) iter.Seq2[M, error],
) func() (proto.Message, error, bool) {
	r.fillInto(request, s.Request)
	next, _ := iter.Pull2(method(context.Background(), request))
	return func() (proto.Message, error, bool) { message, err, more := next(); return message, err, more }
}

// exchange imports the step's requests and reads the responses to them.
func (r *run) exchange(s step) line {
	client := r.client(s.Key, s.Jwt)
	switch s.Method {
	case "ProfileService/ImportProfiles":
		return imported(r, s, client.ImportProfiles)
	case "CustomerService/ImportCustomers":
		return imported(r, s, client.ImportCustomers)
	}
	fail(fmt.Errorf("%s takes no stream of requests", s.Method))
	return nil
}

func imported[Q, M proto.Message](
	r *run, s step,
	method func(context.Context, iter.Seq[Q], ...appprofile.StreamOption) iter.Seq2[M, error],
) line {
	var requests []Q
	for _, each := range s.Requests {
		var kind Q
		request := kind.ProtoReflect().New().Interface().(Q)
		r.fillInto(request, each)
		requests = append(requests, request)
	}
	responses := []any{}
	for response, err := range method(context.Background(), slices.Values(requests)) {
		if err != nil {
			return refused(s, err)
		}
		responses = append(responses, toJSON(response))
	}
	return r.seen(s, map[string]any{"responses": responses})
}

func (r *run) streamRefused(s step, err error) line {
	outcome := refused(s, err)
	var expired *appprofile.ResumeTokenExpiredError
	if errors.As(err, &expired) {
		r.values["oldest_resume_token"] = expired.OldestResumeToken
		metadata := outcome["metadata"].(map[string]string)
		delete(metadata, "oldest_resume_token")
		if len(metadata) == 0 {
			delete(outcome, "metadata")
		}
	}
	return outcome
}

func (r *run) fillInto(request proto.Message, content any) {
	body, err := json.Marshal(r.fill(content))
	fail(err)
	fail(protojson.Unmarshal(body, request))
}

func (r *run) call(s step) line {
	service, method, _ := strings.Cut(s.Method, "/")
	client := r.client(s.Key, s.Jwt)
	stub := reflect.ValueOf(map[string]any{
		"ProfileService":    client.Profiles,
		"AppService":        client.Apps,
		"UsageService":      client.Usage,
		"WebhookService":    client.Webhooks,
		"CustomerService":   client.Customers,
		"CredentialService": client.Credentials,
	}[service]).MethodByName(method)

	request := reflect.New(stub.Type().In(1).Elem()).Interface().(proto.Message)
	r.fillInto(request, s.Request)

	ctx := context.Background()
	if s.DeadlineMs > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(s.DeadlineMs)*time.Millisecond)
		defer cancel()
		ctx = limited
	}
	answer := stub.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(request)})
	if err, failed := answer[1].Interface().(error); failed {
		return refused(s, err)
	}
	return r.seen(s, toJSON(answer[0].Interface().(proto.Message)))
}

func refused(s step, err error) line {
	var why *appprofile.Error
	if !errors.As(err, &why) {
		fail(fmt.Errorf("%s: no *appprofile.Error: %w", s.Step, err))
	}
	outcome := line{"step": s.Step, "code": code.Code(why.Code).String()}
	if why.Reason != "" {
		outcome["reason"] = why.Reason
	}
	if len(why.Metadata) > 0 {
		outcome["metadata"] = why.Metadata
	}
	var fields []string
	for _, violation := range why.Violations {
		fields = append(fields, violation.Field)
	}
	if fields != nil {
		outcome["violations"] = fields
	}
	return outcome
}

func toJSON(response proto.Message) map[string]any {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(response)
	fail(err)
	var body map[string]any
	fail(json.Unmarshal(text, &body))
	return body
}

func (r *run) seen(s step, body any) line {
	r.lock.Lock()
	defer r.lock.Unlock()
	for name, path := range s.Capture {
		r.values[name], _ = find(body, path).(string)
	}
	outcome := line{"step": s.Step, "code": "OK"}
	if len(s.Expect.Show) > 0 {
		shown := map[string]any{}
		for path := range s.Expect.Show {
			shown[path] = find(body, path)
		}
		outcome["show"] = shown
	}
	return outcome
}

func (r *run) client(key, jwt string) *appprofile.Client {
	r.lock.Lock()
	defer r.lock.Unlock()
	if key == "" {
		key = "profile"
	}
	name := key + "/" + jwt
	if r.clients[name] == nil {
		options := appprofile.Options{Key: r.values[key], Plaintext: r.ca == nil, CA: r.ca} // "none" has no value, so no key
		if jwt != "" {
			token := r.values[jwt]
			options.JWT = func(context.Context) (string, error) { return token, nil }
		}
		client, err := appprofile.Connect(r.target, options)
		fail(err)
		r.clients[name] = client
	}
	return r.clients[name]
}

var placeholder = regexp.MustCompile(`\$\{\w+\}`)

// fill returns a copy of the request with each ${name} replaced.
func (r *run) fill(value any) any {
	switch value := value.(type) {
	case map[string]any:
		filled := map[string]any{}
		for name, each := range value {
			filled[name] = r.fill(each)
		}
		return filled
	case []any:
		filled := make([]any, len(value))
		for index, each := range value {
			filled[index] = r.fill(each)
		}
		return filled
	case string:
		return placeholder.ReplaceAllStringFunc(value, func(match string) string { return r.value(match[2 : len(match)-1]) })
	}
	return value
}

func (r *run) value(name string) string {
	now := time.Now().UTC()
	switch name {
	case "now":
		return now.Format("2006-01-02T15:04:05.000Z")
	case "year":
		return strconv.Itoa(now.Year())
	case "month":
		return strconv.Itoa(int(now.Month()))
	case "day":
		return strconv.Itoa(now.Day())
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.values[name]
}

// find returns the value at the path, or nil.
func find(body any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch inner := body.(type) {
		case map[string]any:
			body = inner[name]
		case []any:
			index, err := strconv.Atoi(name)
			if err != nil || index >= len(inner) {
				return nil
			}
			body = inner[index]
		default:
			return nil
		}
	}
	return body
}
