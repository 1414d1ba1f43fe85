package xapi

import "encoding/json"

const (
	kindArray = iota
	kindObject
)

type node struct {
	kind  int
	raw   []byte
	items []node
}
type step struct {
	key   string
	index int
}
type checker struct {
	version Version
	path    []step
	err     error
}

func (c *checker) statement(*node) bool { return json.Valid(nil) }
func parse([]byte) (*node, error)       { return nil, &Error{} }
func buildStatement(*node) *Statement   { return &Statement{} }
