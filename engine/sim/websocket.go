package sim

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 wants it
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"sync"
)

// upgrade answers a WebSocket handshake with a connection that echoes every message.
func upgrade(req *http.Request, header map[string]string) (*http.Response, error) {
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	res := response(req, http.StatusSwitchingProtocols, map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Via": header["Via"],
		"Sec-WebSocket-Accept": base64.StdEncoding.EncodeToString(sum[:]),
	}, nil)
	e := &echo{}
	e.more = sync.NewCond(&e.mu)
	res.Body, res.ContentLength = e, -1
	return res, nil
}

// echo is the server's end of a WebSocket: what is written to it are the client's frames, what is read from
// it are the same messages as the server's frames. It needs no goroutine.
type echo struct {
	mu     sync.Mutex
	more   *sync.Cond
	in     []byte // the client's bytes that are not a whole frame yet
	out    []byte // the server's bytes that were not read yet
	closed bool
}

var _ io.ReadWriteCloser = (*echo)(nil)

// Write takes in bytes of the client.
func (e *echo) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return 0, io.ErrClosedPipe
	}
	e.in = append(e.in, p...)
	for e.frame() {
	}
	e.more.Broadcast()
	return len(p), nil
}

// frame answers one whole frame of the client, and says whether there was one.
func (e *echo) frame() bool {
	if len(e.in) < 2 {
		return false
	}
	n, head := int(e.in[1]&0x7f), 2
	switch n {
	case 126:
		if len(e.in) < 4 {
			return false
		}
		n, head = int(binary.BigEndian.Uint16(e.in[2:])), 4
	case 127:
		if len(e.in) < 10 {
			return false
		}
		n, head = int(binary.BigEndian.Uint64(e.in[2:])), 10
	}
	masked := e.in[1]&0x80 != 0
	body := head
	if masked {
		body += 4
	}
	if len(e.in) < body+n {
		return false
	}
	payload := append([]byte(nil), e.in[body:body+n]...)
	if masked {
		for i := range payload {
			payload[i] ^= e.in[head+i%4]
		}
	}
	first := e.in[0]
	e.in = e.in[body+n:]
	switch first & 0x0f {
	case 0x8: // close: say goodbye too
		e.reply(first, payload)
		e.closed = true
	case 0x9: // ping
		e.reply(0x80|0xa, payload)
	case 0xa: // pong
	default:
		e.reply(first, payload)
	}
	return true
}

// reply queues a frame of the server, which is not masked.
func (e *echo) reply(first byte, payload []byte) {
	e.out = append(e.out, first)
	switch n := len(payload); {
	case n < 126:
		e.out = append(e.out, byte(n))
	case n < 1<<16:
		e.out = binary.BigEndian.AppendUint16(append(e.out, 126), uint16(n))
	default:
		e.out = binary.BigEndian.AppendUint64(append(e.out, 127), uint64(n))
	}
	e.out = append(e.out, payload...)
}

// Read gives the server's bytes; it waits for some.
func (e *echo) Read(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for len(e.out) == 0 && !e.closed {
		e.more.Wait()
	}
	if len(e.out) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.out)
	e.out = e.out[n:]
	return n, nil
}

// Close ends the connection.
func (e *echo) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	e.more.Broadcast()
	return nil
}
