package platform

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Bounds of what the world holds.
const (
	maxSessions = 2_000
	maxUsers    = 20_000
	maxTools    = 200
	maxLinks    = 2_000
	maxItems    = 5_000
)

// world is everything that outlives a restart. It is guarded by Platform.mu and
// changed only through Platform.change.
type world struct {
	Addr      string               `json:"addr"` // where the platform last listened
	Key       string               `json:"key"`  // PKCS #8, PEM
	Course    Course               `json:"course"`
	Copies    []Course             `json:"copies,omitempty"`
	Groups    []Group              `json:"groups,omitempty"`
	Gone      map[string]bool      `json:"gone,omitempty"`  // by user ID: left the course
	Moves     map[string]int       `json:"moves,omitempty"` // by user ID: number of their latest coming or going
	Users     []User               `json:"users"`
	Tools     []Tool               `json:"tools"`
	Links     []ResourceLink       `json:"links"`
	Items     []LineItem           `json:"items"`
	Scores    map[string]Score     `json:"scores"`    // by scoreKey
	Completed map[string]time.Time `json:"completed"` // by user ID
	Sessions  map[string]session   `json:"sessions"`  // by hash of the cookie
	Last      lastIDs              `json:"last"`
}

// lastIDs are the counters that ids are taken from.
type lastIDs struct {
	User       int `json:"user"`
	Deployment int `json:"deployment"`
	Link       int `json:"link"`
	Item       int `json:"item"`
	Move       int `json:"move,omitempty"`
}

// session is a signed-in browser.
type session struct {
	UserID string    `json:"user_id"`
	At     time.Time `json:"at"`
}

// newWorld is the built-in world: one course and five people.
func newWorld() (*world, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("platform: make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("platform: make key: %w", err)
	}
	return &world{
		Key:    string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		Course: Course{ID: "2", Label: "NEG101", Title: "Negotiation skills"},
		Users: []User{
			{ID: "5", Username: "sam", Name: "Sam Sailor", Given: "Sam", Family: "Sailor", Email: "sam@example.org", Role: RoleLearner,
				ManagerEmail: "max@example.org", Zone: "Europe/Berlin", EmployeeID: "EMP-003"},
			{ID: "6", Username: "sofia", Name: "Sofia Silva", Given: "Sofia", Family: "Silva", Email: "sofia@example.org", Role: RoleLearner,
				ManagerEmail: "max@example.org", Zone: "America/New_York", EmployeeID: "EMP-004"},
			{ID: "4", Username: "max", Name: "Max Manager", Given: "Max", Family: "Manager", Email: "max@example.org", Role: RoleManager,
				Zone: "Europe/Berlin", EmployeeID: "EMP-002"},
			{ID: "3", Username: "tessa", Name: "Tessa Teacher", Given: "Tessa", Family: "Teacher", Email: "tessa@example.org", Role: RoleTeacher,
				Zone: "Europe/Berlin", EmployeeID: "EMP-001"},
			{ID: "2", Username: "ada", Name: "Ada Admin", Given: "Ada", Family: "Admin", Email: "ada@example.org", Role: RoleAdmin,
				Zone: "Europe/Berlin"},
		},
		Scores:    map[string]Score{},
		Completed: map[string]time.Time{},
		Sessions:  map[string]session{},
		Last:      lastIDs{User: 100, Item: 1},
	}, nil
}

// loadWorld reads the state file, or makes the built-in world if there is none.
func loadWorld(file string) (*world, error) {
	if file == "" {
		return newWorld()
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return newWorld()
	}
	if err != nil {
		return nil, fmt.Errorf("platform: read state: %w", err)
	}
	w := &world{}
	if err := json.Unmarshal(data, w); err != nil {
		return nil, fmt.Errorf("platform: read state %s: %w", file, err)
	}
	if w.Scores == nil {
		w.Scores = map[string]Score{}
	}
	if w.Completed == nil {
		w.Completed = map[string]time.Time{}
	}
	if w.Sessions == nil {
		w.Sessions = map[string]session{}
	}
	return w, nil
}

// save writes the world to a file that is either the old or the new one,
// whatever happens on the way; it holds the private key, so mode 0600.
func (w *world) save(file string) error {
	if file == "" {
		return nil
	}
	data, err := json.MarshalIndent(w, "", " ")
	if err != nil {
		return fmt.Errorf("platform: save state: %w", err)
	}
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("platform: save state: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".lms-*.json") // mode 0600
	if err != nil {
		return fmt.Errorf("platform: save state: %w", err)
	}
	defer os.Remove(tmp.Name()) // fails once renamed, which is fine
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("platform: save state: %w", err)
	}
	return nil
}

// privateKey reads the world's key.
func (w *world) privateKey() (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(w.Key))
	if block == nil {
		return nil, errors.New("platform: state holds no key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("platform: read key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("platform: the key in the state is not RSA")
	}
	return key, nil
}

func (w *world) user(id string) (User, bool) {
	for _, u := range w.Users {
		if u.ID == id {
			return u, true
		}
	}
	return User{}, false
}

func (w *world) tool(clientID string) (Tool, bool) {
	for _, t := range w.Tools {
		if t.ClientID == clientID {
			return t, true
		}
	}
	return Tool{}, false
}

func (w *world) link(id string) (ResourceLink, bool) {
	for _, l := range w.Links {
		if l.ID == id {
			return l, true
		}
	}
	return ResourceLink{}, false
}

// item finds a line item, and its place in Items.
func (w *world) item(id string) (int, LineItem, bool) {
	for i, it := range w.Items {
		if it.ID == id {
			return i, it, true
		}
	}
	return 0, LineItem{}, false
}

// itemsOfLink are the line items of a resource link, oldest first.
func (w *world) itemsOfLink(id string) []LineItem {
	var items []LineItem
	for _, it := range w.Items {
		if it.ResourceLinkID == id {
			items = append(items, it)
		}
	}
	return items
}

// addItem gives the item a number and keeps it.
func (w *world) addItem(it LineItem) (LineItem, error) {
	if len(w.Items) >= maxItems {
		return LineItem{}, errFull
	}
	w.Last.Item++
	it.ID = strconv.Itoa(w.Last.Item)
	w.Items = append(w.Items, it)
	return it, nil
}

// addLink gives the link a number and, unless it is ungraded, its own line item.
func (w *world) addLink(l ResourceLink) (ResourceLink, error) {
	if len(w.Links) >= maxLinks {
		return ResourceLink{}, errFull
	}
	t, ok := w.tool(l.ClientID)
	if !ok {
		return ResourceLink{}, fmt.Errorf("platform: no tool %q", l.ClientID)
	}
	if l.CourseID == "" {
		l.CourseID = w.Course.ID
	}
	if _, ok := w.course(l.CourseID); !ok {
		return ResourceLink{}, fmt.Errorf("platform: no course %q", l.CourseID)
	}
	if l.ID == "" {
		for {
			w.Last.Link++
			l.ID = strconv.Itoa(w.Last.Link)
			if _, taken := w.link(l.ID); !taken {
				break
			}
		}
	} else if _, taken := w.link(l.ID); taken {
		return ResourceLink{}, fmt.Errorf("platform: resource link %q is there already", l.ID)
	}
	if l.Title == "" {
		l.Title = t.Name
	}
	if l.TargetLinkURI == "" {
		l.TargetLinkURI = t.TargetLinkURI
	}
	if !l.Ungraded {
		if l.ScoreMaximum <= 0 {
			l.ScoreMaximum = 100
		}
		it, err := w.addItem(LineItem{
			CourseID: l.CourseID, ClientID: l.ClientID, Label: l.Title, ScoreMaximum: l.ScoreMaximum,
			ResourceID: l.ResourceID, Tag: l.Tag, ResourceLinkID: l.ID, Coupled: true,
		})
		if err != nil {
			return ResourceLink{}, err
		}
		l.LineItemID = it.ID
	}
	w.Links = append(w.Links, l)
	return l, nil
}

// startSession keeps a session, dropping the oldest when there are too many.
func (w *world) startSession(hash string, s session) {
	if len(w.Sessions) >= maxSessions {
		oldest, at := "", time.Time{}
		for h, s := range w.Sessions {
			if oldest == "" || s.At.Before(at) {
				oldest, at = h, s.At
			}
		}
		delete(w.Sessions, oldest)
	}
	w.Sessions[hash] = s
}

func scoreKey(itemID, userID string) string { return itemID + "/" + userID }

// visible says whether a person may open an activity now.
func (w *world) visible(u User, l ResourceLink) bool {
	if !l.AfterCompletion || u.Role != RoleLearner {
		return true
	}
	_, done := w.Completed[u.ID]
	return done
}

// gradable says whether the gradebook has a row for the person.
func (u User) gradable() bool { return u.Role == RoleLearner }

// enrolled says whether the person is in the course; an admin is not.
func (u User) enrolled() bool { return u.Role != RoleAdmin }

// teaches says whether the person may see everyone's grades and edit the course.
func (u User) teaches() bool {
	return u.Role == RoleTeacher || u.Role == RoleNonEditingTeacher || u.Role == RoleAdmin
}
