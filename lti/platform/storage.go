package platform

import (
	"net/http"
	"strings"
)

// StorageManner is how the platform's storage behaves towards tools.
type StorageManner string

// The manners of a storage; only the first is what the specification says.
const (
	// StorageHonest keeps values per origin and key, and gives them back.
	StorageHonest StorageManner = ""
	// StorageSilent never answers (Canvas's apps).
	StorageSilent StorageManner = "silent"
	// StorageWrongID answers with another message_id.
	StorageWrongID StorageManner = "wrong-message-id"
	// StorageWrongValue gives back another value.
	StorageWrongValue StorageManner = "wrong-value"
	// StorageElsewhere lets a page of another origin answer. It needs a platform on
	// localhost or 127.0.0.1: each is the other's other origin.
	StorageElsewhere StorageManner = "elsewhere"
	// StorageRefusing answers with an error.
	StorageRefusing StorageManner = "refusing"
)

// storageView is what pages need to answer a tool's storage messages.
type storageView struct {
	Frame     string // name of the frame that answers; "" is the page itself
	Manner    StorageManner
	Elsewhere string // address of the page of another origin
}

// storage is nil where tools are offered none.
func (p *Platform) storage() *storageView {
	q := p.Quirks()
	if q.StorageTarget == "" {
		return nil
	}
	v := &storageView{Manner: q.Storage}
	if q.StorageTarget != "_parent" {
		v.Frame = q.StorageTarget
	}
	if q.Storage == StorageElsewhere {
		v.Elsewhere = p.elsewhere() + "/mod/lti/elsewhere.php"
	}
	return v
}

// elsewhere is an origin that is us too, but another to a browser.
func (p *Platform) elsewhere() string {
	scheme, host, _ := strings.Cut(p.issuer, "://")
	if rest, ok := strings.CutPrefix(host, "localhost"); ok {
		return scheme + "://127.0.0.1" + rest
	}
	return scheme + "://localhost" + strings.TrimPrefix(host, "127.0.0.1")
}

// storageFrame is the frame that tools find by name, as Canvas has one.
//
//	GET /mod/lti/storage.php
func (p *Platform) storageFrame(w http.ResponseWriter, r *http.Request) {
	v := p.storage()
	if v == nil {
		p.errorPage(w, r, http.StatusNotFound, "There is no such page")
		return
	}
	v.Frame = ""
	p.render(w, r, http.StatusOK, "storage", map[string]any{"Title": "Storage", "Bare": true, "Answers": v})
}

// elsewherePage belongs to an attacker: it answers in the storage's place.
//
//	GET /mod/lti/elsewhere.php
func (p *Platform) elsewherePage(w http.ResponseWriter, r *http.Request) {
	if v := p.storage(); v == nil || v.Elsewhere == "" {
		p.errorPage(w, r, http.StatusNotFound, "There is no such page")
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' "+p.issuer+"; frame-ancestors "+p.issuer)
	p.render(w, r, http.StatusOK, "elsewhere", map[string]any{"Title": "Elsewhere", "Bare": true})
}
