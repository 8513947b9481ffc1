package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	receiveWindow = 1 << 30 // bytes; the server never waits for us
	frameSize     = 16384
	silence       = 60 * time.Second // without an answer for so long, the server is taken for dead
)

// stream is one call in flight.
type stream struct {
	request *request
	begun   time.Time
	rest    []byte // of the request, not sent yet
	window  int64  // bytes that the server lets us send
	status  string
}

// connection makes calls over one connection, and over another one when the server asks for that (GOAWAY).
//
// Without a rate the next call is sent as one is answered; with one, `pace` sends each call when its time has come.
type connection struct {
	calls   *source
	address *net.TCPAddr
	key     string
	limit   int // calls in flight

	mutex     sync.Mutex // of all that follows; the reading goroutine and `pace` share it
	changed   *sync.Cond // a call was answered, or the connection is another one
	latencies []time.Duration
	errors    map[string]int
	over      bool       // no further call is to be made
	failed    bool       // nor can one be made
	leaving   bool       // the server takes no further call on this connection
	again     []*request // that the server did not look at before it closed the connection

	socket        *net.TCPConn
	wire          *bufio.Writer
	framer        *http2.Framer
	encoder       *hpack.Encoder
	encoded       bytes.Buffer
	decoder       *hpack.Decoder
	decoding      *stream
	streams       map[uint32]*stream
	blocked       []uint32 // streams with a rest to send, in order
	nextID        uint32
	window        int64
	initialWindow int64
	unreturned    uint32 // bytes received that the server's window does not know of yet
}

func newConnection(address *net.TCPAddr, calls *source, limit int, key string) *connection {
	c := &connection{address: address, calls: calls, limit: limit, key: key, errors: map[string]int{}}
	c.changed = sync.NewCond(&c.mutex)
	return c
}

// run makes calls until there are none to make.
func (c *connection) run() error {
	paced := c.calls.pause > 0
	var pacing sync.WaitGroup
	defer pacing.Wait()
	for first := true; ; first = false {
		reader, err := c.open()
		if err == nil {
			if first && paced {
				pacing.Go(c.pace)
			}
			err = c.converse(reader)
			_ = c.socket.Close()
		}
		c.mutex.Lock()
		c.failed = c.failed || err != nil
		over := c.over && len(c.again) == 0
		c.changed.Broadcast()
		c.mutex.Unlock()
		if err != nil || over {
			return err
		}
	}
}

func (c *connection) open() (*bufio.Reader, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	socket, err := net.DialTCP("tcp", nil, c.address)
	if err != nil {
		return nil, err
	}
	c.socket, c.wire = socket, bufio.NewWriterSize(socket, 1<<17)
	reader := bufio.NewReaderSize(socket, 1<<17)
	c.framer = http2.NewFramer(c.wire, reader)
	c.framer.SetReuseFrames()
	c.encoder = hpack.NewEncoder(&c.encoded)
	c.decoder = hpack.NewDecoder(4096, c.header)
	c.decoding, c.streams, c.blocked = nil, map[uint32]*stream{}, nil
	c.nextID, c.window, c.initialWindow, c.unreturned = 1, 65535, 65535, 0
	c.leaving = false
	c.changed.Broadcast()
	return reader, c.begin()
}

func (c *connection) begin() error {
	if _, err := c.wire.WriteString(http2.ClientPreface); err != nil {
		return err
	}
	settings := http2.Setting{ID: http2.SettingInitialWindowSize, Val: receiveWindow}
	if err := c.framer.WriteSettings(settings); err != nil {
		return err
	}
	if err := c.framer.WriteWindowUpdate(0, receiveWindow-65535); err != nil {
		return err
	}
	for range c.limit {
		if err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// converse reads what the server answers until every call is answered and no further one is to be made here.
func (c *connection) converse(reader *bufio.Reader) error {
	for {
		c.mutex.Lock()
		if (c.over || c.leaving) && len(c.streams) == 0 {
			c.mutex.Unlock()
			return nil
		}
		if reader.Buffered() == 0 {
			err := errors.Join(c.wire.Flush(), c.socket.SetReadDeadline(time.Now().Add(silence)))
			if err != nil {
				c.mutex.Unlock()
				return err
			}
		}
		c.mutex.Unlock()
		frame, err := c.framer.ReadFrame()
		c.mutex.Lock()
		if err == nil {
			err = c.receive(frame)
		} else if len(c.streams) == 0 && (c.over || errors.Is(err, os.ErrDeadlineExceeded)) {
			err = nil // `pace` woke this goroutine, or had nothing to send for long
		}
		c.mutex.Unlock()
		if err != nil {
			return err
		}
	}
}

// pace sends each call at its time, however long the server takes to answer those before: a call that must wait for
// its turn counts as begun when it should have been.
func (c *connection) pace() {
	for {
		request, due := c.calls.take()
		if request == nil {
			break
		}
		time.Sleep(time.Until(due))
		if !c.sendAt(request, due) {
			return
		}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.over = true
	if len(c.streams) == 0 {
		_ = c.socket.SetReadDeadline(time.Now()) // wakes the reading goroutine
	}
}

func (c *connection) sendAt(request *request, due time.Time) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for !c.failed && (c.leaving || len(c.streams) >= c.limit) {
		c.changed.Wait()
	}
	if c.failed {
		return false
	}
	if err := errors.Join(c.send(request, due), c.wire.Flush()); err != nil {
		c.failed = true // the reading goroutine meets the same error, and tells it
		return false
	}
	return true
}

// next makes the next call, if there is one to make that does not wait for its time.
func (c *connection) next() error {
	if c.leaving {
		return nil
	}
	if n := len(c.again); n > 0 {
		request := c.again[n-1]
		c.again = c.again[:n-1]
		return c.send(request, time.Now())
	}
	if c.calls.pause > 0 {
		return nil
	}
	request, now := c.calls.take()
	if request == nil {
		c.over = true
		return nil
	}
	return c.send(request, now)
}

func (c *connection) send(request *request, begun time.Time) error {
	c.encoded.Reset()
	c.field(":method", "POST")
	c.field(":scheme", "http")
	c.field(":path", request.path)
	c.field(":authority", c.address.String())
	c.field("te", "trailers")
	c.field("content-type", "application/grpc")
	c.field("user-agent", "load")
	if c.key != "" {
		c.field("x-api-key", c.key)
	}
	id := c.nextID
	c.nextID += 2
	c.streams[id] = &stream{request: request, begun: begun, rest: request.body, window: c.initialWindow}
	headers := http2.HeadersFrameParam{StreamID: id, BlockFragment: c.encoded.Bytes(), EndHeaders: true}
	if err := c.framer.WriteHeaders(headers); err != nil {
		return err
	}
	c.blocked = append(c.blocked, id)
	return c.pump()
}

func (c *connection) field(name, value string) {
	_ = c.encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) // a bytes.Buffer takes everything
}

// pump sends what the server's windows allow.
func (c *connection) pump() error {
	kept := c.blocked[:0]
	for _, id := range c.blocked {
		s := c.streams[id]
		if s == nil {
			continue // answered before it was heard out
		}
		for len(s.rest) > 0 && c.window > 0 && s.window > 0 {
			n := min(int64(len(s.rest)), c.window, s.window, frameSize)
			if err := c.framer.WriteData(id, n == int64(len(s.rest)), s.rest[:n]); err != nil {
				return err
			}
			s.rest = s.rest[n:]
			s.window -= n
			c.window -= n
		}
		if len(s.rest) > 0 {
			kept = append(kept, id)
		}
	}
	c.blocked = kept
	return nil
}

func (c *connection) receive(frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		c.decoding = c.streams[f.StreamID]
		if _, err := c.decoder.Write(f.HeaderBlockFragment()); err != nil {
			return err
		}
		if !f.HeadersEnded() {
			return fmt.Errorf("headers of more than one frame")
		}
		if f.StreamEnded() {
			return c.answered(f.StreamID)
		}
	case *http2.DataFrame:
		return c.returnWindow(f.Length)
	case *http2.WindowUpdateFrame:
		if f.StreamID == 0 {
			c.window += int64(f.Increment)
		} else if s := c.streams[f.StreamID]; s != nil {
			s.window += int64(f.Increment)
		}
		return c.pump()
	case *http2.SettingsFrame:
		return c.settings(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			return c.framer.WritePing(true, f.Data)
		}
	case *http2.RSTStreamFrame:
		if s := c.streams[f.StreamID]; s != nil {
			s.status = "reset"
			return c.answered(f.StreamID)
		}
	case *http2.GoAwayFrame:
		return c.leave(f)
	}
	return nil
}

func (c *connection) header(field hpack.HeaderField) {
	if field.Name == "grpc-status" && c.decoding != nil {
		c.decoding.status = field.Value
	}
}

func (c *connection) answered(id uint32) error {
	s := c.streams[id]
	if s == nil {
		return nil
	}
	delete(c.streams, id)
	c.changed.Broadcast()
	if s.status == "0" {
		c.latencies = append(c.latencies, time.Since(s.begun))
	} else {
		c.errors[s.status]++
	}
	return c.next()
}

// leave finishes what the server still looks at, and keeps the rest for the next connection.
func (c *connection) leave(f *http2.GoAwayFrame) error {
	if f.ErrCode != http2.ErrCodeNo {
		return fmt.Errorf("the server closes the connection: %s", f.ErrCode)
	}
	c.leaving = true
	for id, s := range c.streams {
		if id > f.LastStreamID {
			c.again = append(c.again, s.request)
			delete(c.streams, id)
		}
	}
	return nil
}

func (c *connection) returnWindow(bytes uint32) error {
	c.unreturned += bytes
	if c.unreturned < receiveWindow/2 {
		return nil
	}
	returned := c.unreturned
	c.unreturned = 0
	return c.framer.WriteWindowUpdate(0, returned)
}

func (c *connection) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if size, ok := f.Value(http2.SettingInitialWindowSize); ok {
		for _, s := range c.streams {
			s.window += int64(size) - c.initialWindow
		}
		c.initialWindow = int64(size)
	}
	if err := c.framer.WriteSettingsAck(); err != nil {
		return err
	}
	return c.pump()
}
