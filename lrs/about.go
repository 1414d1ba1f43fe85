package lrs

import "net/http"

// about tells which versions are spoken here. It needs no key.
func (h *handler) about(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		h.fail(w, r, refuse(http.StatusMethodNotAllowed, "this resource does not know the method "+r.Method))
	case r.URL.RawQuery != "":
		h.fail(w, r, refuse(http.StatusBadRequest, "about takes no parameters"))
	default:
		write(w, http.StatusOK, "application/json", []byte(`{"version":["1.0.0","1.0.1","1.0.2","1.0.3","2.0.0"]}`))
	}
}
