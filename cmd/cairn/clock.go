package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// clockPoll is how often a process looks whether another one moved the clock, to
// sweep at once.
const clockPoll = 200 * time.Millisecond

// devClock is the development clock: real time plus an offset kept in a file,
// so that serve, workers and the demo LMS live at the same moment. It only ever
// moves forward. The zero value of *devClock does not exist; production runs on
// time.Now.
type devClock struct {
	file string

	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{} // holds one token after the offset changed
}

type clockFile struct {
	OffsetSeconds float64 `json:"offset_seconds"`
}

// openClock reads the offset of file; a missing file is an offset of zero.
func openClock(file string) (*devClock, error) {
	c := &devClock{file: file, moved: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c, c.reload()
}

// Now is real time plus the offset. It reads the file each time: the LMS and the
// tool must never disagree about a token's age because one of them looked late.
func (c *devClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.reload() // a file that cannot be read now keeps the last offset
	return time.Now().Add(c.offset)
}

// Offset says how far the clock is ahead of real time.
func (c *devClock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Advance moves the clock forward by d and saves the offset.
func (c *devClock) Advance(d time.Duration) error {
	if d <= 0 || d > 400*24*time.Hour {
		return fmt.Errorf("move the clock: %v is not between 0 and 400 days", d)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.reload(); err != nil {
		return err
	}
	data, err := json.Marshal(clockFile{OffsetSeconds: (c.offset + d).Seconds()})
	if err != nil {
		return err
	}
	if err := replaceFile(c.file, data, 0o600); err != nil {
		return fmt.Errorf("move the clock: %w", err)
	}
	return c.reload()
}

// Moved receives after every move, by this process or another, while follow runs.
func (c *devClock) Moved() <-chan struct{} { return c.moved }

// follow watches the file until ctx ends.
func (c *devClock) follow(ctx context.Context) {
	ticker := time.NewTicker(clockPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.mu.Lock()
			_ = c.reload()
			c.mu.Unlock()
		}
	}
}

// reload reads the file; c.mu is held.
func (c *devClock) reload() error {
	data, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("development clock: %w", err)
	}
	var saved clockFile
	if err := json.Unmarshal(data, &saved); err != nil {
		return fmt.Errorf("development clock %s: %w", c.file, err)
	}
	offset := time.Duration(saved.OffsetSeconds * float64(time.Second))
	if offset != c.offset {
		c.offset = offset
		select {
		case c.moved <- struct{}{}:
		default:
		}
	}
	return nil
}

// replaceFile writes data beside file and renames it into place.
func replaceFile(file string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(data); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := errors.Join(temporary.Chmod(mode), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
