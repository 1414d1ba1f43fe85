package main

import "testing"

func TestOnlyThisMachineIsReachedWithoutEncryption(t *testing.T) {
	for address, ok := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://127.8.9.10:80": true, "http://[::1]:8080": true, "https://learn.example.org": true,
		"http://127.evil.example": false, "http://localhost.example": false, "http://learn.example.org": false, "http://10.0.0.1": false,
	} {
		c := config{publicURL: address}
		if err := c.check(); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
