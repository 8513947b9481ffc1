// Command load calls a gRPC server with prepared requests and prints the results as one line of JSON.
//
// Every call sends the next request of a file, so that no key is used over and over. It costs little: one goroutine
// for each connection, requests encoded beforehand, no message decoded. It ends by itself, after a number of seconds or
// when the requests run out, and calls loopback addresses only.
//
// Without -rate a call is made as soon as another one is answered. With it, each call has its time, and its latency
// counts from then on. With -interval there is a line for each interval, of the calls that were answered in it.
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

const maxSeconds = 4 * 3600

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
	begun    time.Time
	until    time.Time
	pause    time.Duration // between the times of two calls; 0: each is made as soon as another one is answered
}

// take answers the next request and the time to send it, or nil when there shall be no more.
func (s *source) take() (*request, time.Time) {
	position := s.next.Add(1) - 1
	due := time.Now()
	if s.pause > 0 {
		due = s.begun.Add(time.Duration(position) * s.pause)
	}
	if due.After(s.until) || (!s.cycle && position >= int64(len(s.requests))) {
		return nil, due
	}
	return &s.requests[position%int64(len(s.requests))], due
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
	rate := flag.Float64("rate", 0, "calls a second, over all connections; 0: as many as are answered")
	interval := flag.Float64("interval", 0, "seconds between two reports; 0: one report at the end")
	flag.Parse()
	if err := run(*target, *file, strings.Split(*paths, ","), limits{
		*connections, *streams, duration(*seconds), *once, *rate, duration(*interval),
	}); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

type limits struct {
	connections, streams int
	length               time.Duration
	once                 bool
	rate                 float64
	interval             time.Duration
}

func duration(value float64) time.Duration {
	return time.Duration(value * float64(time.Second))
}

func run(target, file string, paths []string, given limits) error {
	address, err := net.ResolveTCPAddr("tcp", target)
	if err != nil {
		return err
	}
	if !address.IP.IsLoopback() {
		return errors.New("the target must be a loopback address")
	}
	if given.length <= 0 || given.length > maxSeconds*time.Second || given.connections < 1 || given.streams < 1 ||
		given.rate < 0 || given.interval < 0 {
		return errors.New("seconds, connections, streams, rate or interval out of range")
	}
	requests, err := read(file, paths)
	if err != nil {
		return err
	}
	begun := time.Now()
	calls := &source{requests: requests, cycle: !given.once, begun: begun, until: begun.Add(given.length)}
	if given.rate > 0 {
		calls.pause = duration(1 / given.rate)
	}
	connections := make([]*connection, given.connections)
	failures := make([]error, given.connections)
	var all sync.WaitGroup
	for i := range connections {
		connections[i] = newConnection(address, calls, given.streams, os.Getenv("LOAD_API_KEY"))
		all.Go(func() { failures[i] = connections[i].run() })
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	out := json.NewEncoder(os.Stdout)
	for reported := begun; ; {
		var next <-chan time.Time
		if given.interval > 0 {
			next = time.After(given.interval)
		}
		over := false
		select {
		case <-done:
			over = true
		case <-next:
		}
		now := time.Now()
		if err := out.Encode(summarize(connections, now.Sub(reported))); err != nil {
			return err
		}
		reported = now
		if over {
			return errors.Join(failures...)
		}
	}
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

// summarize takes what the connections have noted since the last time.
func summarize(connections []*connection, elapsed time.Duration) *report {
	total := &report{Seconds: elapsed.Seconds(), Errors: map[string]int{}}
	var latencies []time.Duration
	for _, one := range connections {
		one.mutex.Lock()
		latencies = append(latencies, one.latencies...)
		one.latencies = one.latencies[:0]
		for status, count := range one.errors {
			total.Errors[status] += count
		}
		clear(one.errors)
		one.mutex.Unlock()
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
