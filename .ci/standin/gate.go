package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// MongoDB wire protocol: every message starts with 16 bytes (length, request
// id, response to, opcode), little endian; OP_MSG follows them with flag bits.
const (
	headerLen  = 16
	maxMessage = 48_000_000
	opMsg      = 2013
	moreToCome = 1 << 1
)

// gate forwards one request at a time to the backend and its reply back, over
// all connections: what follows a request sees all that came before it.
type gate struct {
	backend string // path of a unix socket
	mu      sync.Mutex
}

// serve accepts connections until ctx ends, and waits for those it has.
func (g *gate) serve(ctx context.Context, l net.Listener) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		client, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		conns.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = client.Close() })()
			defer client.Close()
			_ = g.relay(client)
		})
	}
}

// relay passes the requests of one client until either side ends.
func (g *gate) relay(client net.Conn) error {
	backend, err := net.Dial("unix", g.backend)
	if err != nil {
		return err
	}
	defer backend.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return err
		}
		reply, err := g.exchange(backend, request)
		if err != nil {
			return err
		}
		if _, err := client.Write(reply); err != nil {
			return err
		}
	}
}

// exchange sends one request and reads its reply (none for a request that asks
// for none) while nobody else may.
func (g *gate) exchange(backend net.Conn, request []byte) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := backend.Write(request); err != nil {
		return nil, err
	}
	if !wantsReply(request) {
		return nil, nil
	}
	return readMessage(backend)
}

func wantsReply(message []byte) bool {
	if len(message) < headerLen+4 || binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return true
	}
	return binary.LittleEndian.Uint32(message[headerLen:])&moreToCome == 0
}

func readMessage(r io.Reader) ([]byte, error) {
	var head [headerLen]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n < headerLen || n > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", n)
	}
	message := make([]byte, n)
	copy(message, head[:])
	_, err := io.ReadFull(r, message[headerLen:])
	return message, err
}
