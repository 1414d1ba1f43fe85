package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// sealer is engine.Sealer: AES-256-GCM under a key made of the installation's secret for this use alone. What was sealed
// under the previous secret still opens.
type sealer struct{ keys []cipher.AEAD }

func newSealer(secret, previous []byte) (*sealer, error) {
	s := &sealer{}
	for _, from := range [][]byte{secret, previous} {
		if len(from) == 0 {
			continue
		}
		key, err := hkdf.Key(sha256.New, from, nil, "cairn: what the engine seals", 32)
		if err != nil {
			return nil, fmt.Errorf("make the sealing key: %w", err)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("make the sealing key: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("make the sealing key: %w", err)
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

// Seal encrypts; what it gives opens with the same label only.
func (s *sealer) Seal(plain []byte, label string) []byte {
	nonce := make([]byte, s.keys[0].NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return s.keys[0].Seal(nonce, nonce, plain, []byte(label))
}

var errSealed = errors.New("sealed with another secret key; name the one of that time as -previous-secret-key")

// Open decrypts what Seal gave.
func (s *sealer) Open(sealed []byte, label string) ([]byte, error) {
	plain, _, err := s.open(sealed, label)
	return plain, err
}

// open says by which key too, counted from the one in use.
func (s *sealer) open(sealed []byte, label string) ([]byte, int, error) {
	for i, key := range s.keys {
		if n := key.NonceSize(); len(sealed) >= n {
			if plain, err := key.Open(nil, sealed[:n], sealed[n:], []byte(label)); err == nil {
				return plain, i, nil
			}
		}
	}
	return nil, 0, errSealed
}

// Again seals anew what the previous secret sealed; changed false: it was not needed.
func (s *sealer) Again(sealed []byte, label string) (fresh []byte, changed bool, err error) {
	plain, by, err := s.open(sealed, label)
	if err != nil || by == 0 {
		return sealed, false, err
	}
	return s.Seal(plain, label), true, nil
}
