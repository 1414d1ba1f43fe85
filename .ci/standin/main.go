// Command standin serves the MongoDB wire protocol for tests on machines where
// no mongod can be installed.
//
// It embeds FerretDB with its SQLite handler and puts a gate before it that lets
// one wire message through at a time: FerretDB's updates are read-change-write,
// so without the gate concurrent compare-and-swaps would be lost. It stands in
// for correctness on small data only, never for speed.
//
//	standin -addr 127.0.0.1:27117 -data DIR -uri-file FILE
//
// The URI is written to -uri-file once the gate accepts connections. It ends on
// SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where the gate listens")
	data := flag.String("data", "", "folder of the data (default: a new temporary one)")
	uriFile := flag.String("uri-file", "", "file to write the URI to once ready")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *data, *uriFile); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, data, uriFile string) error {
	if data == "" {
		dir, err := os.MkdirTemp("", "cairn-standin-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		data = dir
	}
	socket := filepath.Join(data, "ferretdb.sock")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socket},
		Handler:   "sqlite",
		SQLiteURL: "file:" + data + "/",
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = db.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	g := gate{backend: socket}
	uri := "mongodb://" + listener.Addr().String() + "/"
	if uriFile != "" {
		if err := os.WriteFile(uriFile, []byte(uri), 0o600); err != nil {
			return err
		}
	}
	fmt.Println(uri)
	return g.serve(ctx, listener)
}
