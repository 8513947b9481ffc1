package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
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
	begun  time.Time
	rest   []byte // of the request, not sent yet
	window int64  // bytes that the server lets us send
	status string
}

// connection makes calls over one connection: as one is answered, the next one is sent.
type connection struct {
	latencies []time.Duration // of calls that were answered with OK
	errors    map[string]int

	calls         *source
	authority     string
	key           string
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

func call(address *net.TCPAddr, calls *source, streams int, key string) (*connection, error) {
	socket, err := net.DialTCP("tcp", nil, address)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	c := &connection{
		errors: map[string]int{}, calls: calls, authority: address.String(), key: key,
		wire: bufio.NewWriterSize(socket, 1<<17), streams: map[uint32]*stream{},
		nextID: 1, window: 65535, initialWindow: 65535,
	}
	reader := bufio.NewReaderSize(socket, 1<<17)
	c.framer = http2.NewFramer(c.wire, reader)
	c.framer.SetReuseFrames()
	c.encoder = hpack.NewEncoder(&c.encoded)
	c.decoder = hpack.NewDecoder(4096, c.header)
	if err := c.begin(streams); err != nil {
		return nil, err
	}
	for len(c.streams) > 0 {
		if reader.Buffered() == 0 {
			if err := c.wire.Flush(); err != nil {
				return nil, err
			}
			if err := socket.SetReadDeadline(time.Now().Add(silence)); err != nil {
				return nil, err
			}
		}
		frame, err := c.framer.ReadFrame()
		if err != nil {
			return nil, err
		}
		if err := c.receive(frame); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *connection) begin(streams int) error {
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
	for range streams {
		if err := c.send(); err != nil {
			return err
		}
	}
	return nil
}

// send makes the next call, if there is one to make.
func (c *connection) send() error {
	now := time.Now()
	next := c.calls.take(now)
	if next == nil {
		return nil
	}
	c.encoded.Reset()
	c.field(":method", "POST")
	c.field(":scheme", "http")
	c.field(":path", next.path)
	c.field(":authority", c.authority)
	c.field("te", "trailers")
	c.field("content-type", "application/grpc")
	c.field("user-agent", "load")
	if c.key != "" {
		c.field("x-api-key", c.key)
	}
	id := c.nextID
	c.nextID += 2
	c.streams[id] = &stream{begun: now, rest: next.body, window: c.initialWindow}
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
		return fmt.Errorf("the server closes the connection: %s", f.ErrCode)
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
	if s.status == "0" {
		c.latencies = append(c.latencies, time.Since(s.begun))
	} else {
		c.errors[s.status]++
	}
	return c.send()
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
