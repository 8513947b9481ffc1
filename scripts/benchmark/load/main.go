// Command load calls a gRPC server with prepared requests and tells how that went, as one line of JSON.
//
// Every call sends the next request of a file, so that no key is used over and over. It costs little: one goroutine
// for each connection, requests encoded beforehand, no message decoded. It ends by itself, after a number of seconds or
// when the requests run out, and calls loopback addresses only.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const maxSeconds = 3600

// request is one call to make.
type request struct {
	path string // "/package.Service/Method"
	body []byte // the message behind gRPC's prefix of five bytes
}

// source hands out the requests in order, to all connections.
type source struct {
	requests []request
	next     atomic.Int64
	cycle    bool // begin anew at the end, rather than stop
	until    time.Time
}

// take answers the next request, or nil when there shall be no more.
func (s *source) take(now time.Time) *request {
	position := s.next.Add(1) - 1
	if now.After(s.until) || (!s.cycle && position >= int64(len(s.requests))) {
		return nil
	}
	return &s.requests[position%int64(len(s.requests))]
}

type report struct {
	Calls   int            `json:"calls"` // answered with OK
	Seconds float64        `json:"seconds"`
	P50     float64        `json:"p50_ms"`
	P99     float64        `json:"p99_ms"`
	Errors  map[string]int `json:"errors"` // by gRPC status code, or "reset" for a stream that was
}

func main() {
	target := flag.String("target", "", "host:port of a server on loopback")
	file := flag.String("requests", "", "file of requests: path index (1 byte), length (4 bytes, big-endian), message")
	paths := flag.String("paths", "", "methods, comma-separated, that path indices count from 0")
	connections := flag.Int("connections", 8, "connections")
	streams := flag.Int("streams", 16, "calls in flight on each")
	seconds := flag.Float64("seconds", 5, "how long to call")
	once := flag.Bool("once", false, "stop at the end of the requests")
	flag.Parse()
	result, err := run(*target, *file, strings.Split(*paths, ","), *connections, *streams, *seconds, *once)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		os.Exit(1)
	}
}

func run(target, file string, paths []string, connections, streams int, seconds float64, once bool) (*report, error) {
	address, err := net.ResolveTCPAddr("tcp", target)
	if err != nil {
		return nil, err
	}
	if !address.IP.IsLoopback() {
		return nil, errors.New("the target must be a loopback address")
	}
	if seconds <= 0 || seconds > maxSeconds || connections < 1 || streams < 1 {
		return nil, errors.New("seconds, connections or streams out of range")
	}
	requests, err := read(file, paths)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	calls := &source{requests: requests, cycle: !once, until: begun.Add(time.Duration(seconds * float64(time.Second)))}
	results := make([]*connection, connections)
	failures := make([]error, connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Go(func() {
			results[i], failures[i] = call(address, calls, streams, os.Getenv("LOAD_API_KEY"))
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	return summarize(results, time.Since(begun)), nil
}

func read(file string, paths []string) ([]request, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var requests []request
	for len(content) > 0 {
		if len(content) < 5 {
			return nil, errors.New("the file of requests is cut off")
		}
		index, length := int(content[0]), int(binary.BigEndian.Uint32(content[1:]))
		if index >= len(paths) || len(content) < 5+length {
			return nil, errors.New("the file of requests is damaged")
		}
		// The index's place becomes gRPC's flag "not compressed": its prefix is otherwise the same.
		content[0] = 0
		requests = append(requests, request{paths[index], content[: 5+length : 5+length]})
		content = content[5+length:]
	}
	if len(requests) == 0 {
		return nil, errors.New("the file of requests is empty")
	}
	return requests, nil
}

func summarize(connections []*connection, elapsed time.Duration) *report {
	total := &report{Seconds: elapsed.Seconds(), Errors: map[string]int{}}
	var latencies []time.Duration
	for _, one := range connections {
		latencies = append(latencies, one.latencies...)
		for status, count := range one.errors {
			total.Errors[status] += count
		}
	}
	total.Calls = len(latencies)
	if total.Calls > 0 {
		slices.Sort(latencies)
		at := func(share float64) float64 {
			return float64(latencies[int(share*float64(len(latencies)-1))].Microseconds()) / 1000
		}
		total.P50, total.P99 = at(0.50), at(0.99)
	}
	return total
}
