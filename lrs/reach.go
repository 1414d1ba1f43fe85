package lrs

// MaxReach bounds the references that Reach follows.
const MaxReach = 50

// Reach is what a statement that refers to the one with the id is found by, besides
// its own keys: the keys of that one which are not its alone (IndexKey.Own), of what
// it refers to in turn, and so on. targets are the statements referred to on the way.
// It ends at MaxReach, where references go in a circle, and where get says that a
// statement is not there.
func Reach(id string, get func(id string) (doc []byte, there bool, err error)) (keys []IndexKey, targets []string, err error) {
	seen := map[string]bool{}
	for id != "" && !seen[id] && len(seen) < MaxReach {
		seen[id] = true
		doc, there, err := get(id)
		if err != nil {
			return nil, nil, err
		}
		if !there {
			break
		}
		all, target, err := Reindex(doc)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range all {
			if !k.Own() {
				keys = append(keys, k)
			}
		}
		if target != "" {
			targets = append(targets, target)
		}
		id = target
	}
	return keys, targets, nil
}
