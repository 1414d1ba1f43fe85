package lrsmongo

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
)

// relay carries messages one by one to the server, and its answers back. Of a
// message that is lost the server learns nothing, and its connection ends.
type relay struct {
	server string
	lost   func(message []byte) bool
	wg     sync.WaitGroup
}

// listen carries connections until the test ends, and returns its address.
func (r *relay) listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.wg.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.carry(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		r.wg.Wait()
	})
	return listener.Addr().String()
}

func (r *relay) carry(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		return
	}
	defer server.Close()
	r.wg.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		message := append(head, make([]byte, binary.LittleEndian.Uint32(head)-4)...)
		if _, err := io.ReadFull(client, message[4:]); err != nil {
			return
		}
		if r.lost(message) {
			return
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}

// command tells whether a message is the command on the collection.
func command(message []byte, name, collection string) bool {
	value := binary.LittleEndian.AppendUint32(nil, uint32(len(collection)+1))
	return bytes.Contains(message, []byte("\x02"+name+"\x00"+string(value)+collection+"\x00"))
}
