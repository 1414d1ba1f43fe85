package web

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/cairn-lms/cairn/engine"
	"github.com/cairn-lms/cairn/web/paper"
	"github.com/cairn-lms/cairn/web/upload"
)

// Bounds of what leaves at once.
const (
	wholePortfolio = 5_000
	maxExport      = 2 << 30 // bytes of files in one archive
	maxPrinted     = 80      // pictures in one document
	printedSide    = 1000    // of them, in pixels
)

// exportPage is what a portfolio is outside of Cairn, for its page, its data and its printing.
type exportPage struct {
	Name    string
	Made    time.Time
	Entries []exportEntry
	Left    []string // files that were left out: the archive would be too large
	More    bool
}

// exportEntry is an entry with its files as the archive names them.
type exportEntry struct {
	entryView
	Files []exportFile
}

type exportFile struct {
	engine.File
	Path string
}

// exported is what the learner takes away: all of it, and of customers' data only what they choose.
func (s *Site) exported(r *http.Request, session *Session) (*view, *exportPage, error) {
	v, page, _, err := s.exportedOf(r, session)
	return v, page, err
}

// exportedOf also gives the enrolments that it is of.
func (s *Site) exportedOf(r *http.Request, session *Session) (*view, *exportPage, []engine.Plan, error) {
	filter := engine.PortfolioFilter{Limit: wholePortfolio, NoCustomers: r.URL.Query().Get("customers") != "yes", Workflow: engine.WorkflowID(r.URL.Query().Get("workflow"))}
	all, err := s.portfolioOf(r, session, filter)
	if err != nil {
		return nil, nil, nil, err
	}
	v := s.view(r)
	v.Zone = zoneFor(session, all.Learner.Zone)
	v.Base, v.Reader = "", "anybody" // a document is read by others, and later: roles as of the learner, whole dates
	page := &exportPage{Name: v.Name(all.Learner), Made: s.now(), More: all.More}
	taken, size := map[string]bool{}, int64(0)
	for _, view := range entryViews(all, func(engine.Entry) string { return "" }) {
		one := exportEntry{entryView: view}
		if view.Hand != nil {
			for _, f := range view.Hand.Files {
				name := path.Join("files", f.SHA256[:12]+"-"+upload.ArchiveName(f.Name))
				if !taken[name] && size+f.Size > maxExport {
					page.Left = append(page.Left, f.Name)
					continue
				}
				if !taken[name] {
					size += f.Size
				}
				taken[name] = true
				one.Files = append(one.Files, exportFile{File: f, Path: name})
			}
		}
		page.Entries = append(page.Entries, one)
	}
	return v.titled("page.export.title", "name", page.Name), page, all.Plans, nil
}

// exportZIP streams a portfolio as a page to read without Cairn, as data and with its files. It breaks off rather than
// ends whole if something cannot be read.
func (s *Site) exportZIP(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	v, page, err := s.exported(r, session)
	if err != nil {
		return err
	}
	v.Body = page
	var index bytes.Buffer
	if err := s.pages.execute(&index, "portfolio", "export", v); err != nil {
		return fmt.Errorf("web: export: %w", err)
	}
	data, err := json.MarshalIndent(portfolioData(v, page), "", "  ")
	if err != nil {
		return fmt.Errorf("web: export: %w", err)
	}
	allowSlowUpload(w)
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Disposition", `attachment; filename="portfolio-`+page.Made.Format(time.DateOnly)+`.zip"`)
	out := zip.NewWriter(w)
	add := func(name string, method uint16, data []byte) error {
		f, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: page.Made})
		if err != nil {
			return err
		}
		_, err = io.Copy(f, bytes.NewReader(data))
		return err
	}
	err = add("index.html", zip.Deflate, index.Bytes())
	if err == nil {
		err = add("portfolio.json", zip.Deflate, data)
	}
	sent := map[string]bool{}
	for _, e := range page.Entries {
		for _, f := range e.Files {
			if err != nil || sent[f.Path] {
				continue
			}
			sent[f.Path] = true
			var bytes []byte
			if _, bytes, err = service.Blob(r.Context(), e.Enrolment.ID, f.SHA256, true); err == nil {
				err = add(f.Path, zip.Store, bytes)
			}
		}
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		s.log.WarnContext(r.Context(), "export broke off", "request_id", traceOf(r.Context()).id, "error", err)
		panic(http.ErrAbortHandler) // a download that ends must be whole
	}
	return nil
}

// portfolioJSON is the portfolio.json of an archive.
type portfolioJSON struct {
	Format  string      `json:"format"` // "cairn-portfolio/1"
	Name    string      `json:"name"`
	Made    time.Time   `json:"made"`
	Entries []entryJSON `json:"entries"`
	LeftOut []string    `json:"left_out,omitempty"` // files
	More    bool        `json:"more,omitempty"`     // older entries are left out
}

type entryJSON struct {
	At           time.Time            `json:"at"`
	Kind         engine.EntryKind     `json:"kind"`
	Workflow     string               `json:"workflow"`
	Course       string               `json:"course,omitempty"`
	Step         engine.StepID        `json:"step"`
	Title        string               `json:"title"`
	State        engine.EvidenceState `json:"state,omitempty"`
	SHA256       string               `json:"sha256,omitempty"` // of what was written and handed in, or of what was judged
	Attempt      int                  `json:"attempt,omitempty"`
	Replaced     bool                 `json:"replaced,omitempty"`
	NotHandedIn  bool                 `json:"not_handed_in,omitempty"`
	Private      bool                 `json:"private,omitempty"`
	Answers      []engine.Answered    `json:"answers,omitempty"`
	Comment      string               `json:"comment,omitempty"`
	Links        []string             `json:"links,omitempty"`
	Files        []fileJSON           `json:"files,omitempty"`
	Standards    []string             `json:"standards,omitempty"`
	CustomerData bool                 `json:"customer_data,omitempty"`
	Consent      bool                 `json:"consent,omitempty"`
	By           string               `json:"by,omitempty"`
	Role         engine.Role          `json:"role,omitempty"`
	Outcome      string               `json:"outcome,omitempty"`
}

type fileJSON struct {
	Path   string `json:"path"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func portfolioData(v *view, page *exportPage) portfolioJSON {
	out := portfolioJSON{Format: "cairn-portfolio/1", Name: page.Name, Made: page.Made, Entries: []entryJSON{}, LeftOut: page.Left, More: page.More}
	for _, e := range page.Entries {
		one := entryJSON{At: e.At, Kind: e.Kind(), Workflow: v.In(e.Workflow.Title), Course: e.Enrolment.Course.Title, Step: e.Step.ID, Title: v.In(e.Step.Title),
			State: e.State(), Replaced: e.Replaced, NotHandedIn: e.Kept, Private: e.Step.Private, Standards: e.Step.Meets}
		if h := e.Hand; h != nil {
			one.SHA256, one.Attempt, one.Answers, one.Comment, one.Links = h.SHA256, h.Attempt, h.Answers, h.Comment, h.Links
			one.CustomerData, one.Consent = h.CustomerData, h.Consent
			for _, f := range e.Files {
				one.Files = append(one.Files, fileJSON{f.Path, f.Name, f.ContentType, f.Size, f.SHA256})
			}
		}
		if r := e.Review; r != nil {
			one.SHA256, one.By, one.Role, one.Outcome, one.Comment = r.SHA256, r.Name, r.Role, r.Outcome, r.Comment
		}
		out.Entries = append(out.Entries, one)
	}
	return out
}

// exportPDF prints a portfolio, with its pictures.
func (s *Site) exportPDF(w http.ResponseWriter, r *http.Request, session *Session) error {
	service, err := s.tenant(r.Context(), session.Tenant)
	if err != nil {
		return err
	}
	v, page, plans, err := s.exportedOf(r, session)
	if err != nil {
		return err
	}
	allowSlowUpload(w)
	d, err := paper.New(v.Title(), page.Name, page.Name+" · "+v.DateTime(page.Made, v.Zone), page.Made)
	if err != nil {
		return fmt.Errorf("web: print: %w", err)
	}
	d.Title(v.Title())
	d.Small(v.T("page.export.made", "when", v.DateTime(page.Made, v.Zone)))
	for _, plan := range plans {
		if id := r.URL.Query().Get("workflow"); id != "" && id != string(plan.Workflow.ID) {
			continue
		}
		m, err := service.Matrix(r.Context(), plan.Enrolment.ID, true)
		if err != nil {
			return fmt.Errorf("web: print: %w", err)
		}
		if len(m.Rows) == 0 {
			continue
		}
		d.Heading(v.In(m.Workflow.Title))
		if m.Enrolment.Course.Title != "" {
			d.Small(m.Enrolment.Course.Title)
		}
		var rows [][]string
		for _, row := range m.Rows {
			state := v.T("page.matrix.none")
			if row.State != "" {
				state = v.T("page.evidence.state." + string(row.State))
			}
			rows = append(rows, []string{v.In(matrixRow{MatrixRow: row}.Text()), state, fmt.Sprint(len(row.Evidence))})
		}
		d.Table([]float64{6, 2.4, 1.4}, []string{v.T("page.matrix.what"), v.T("page.matrix.state"), v.T("page.matrix.pieces")}, rows)
	}
	d.Heading(v.T("page.export.entries"))
	printed := 0
	for _, e := range page.Entries {
		s.printEntry(d, v, e)
		for _, f := range e.Files {
			picture := []byte(nil)
			if upload.ShownInline(f.ContentType) && printed < maxPrinted {
				_, data, err := service.Blob(r.Context(), e.Enrolment.ID, f.SHA256, true)
				if err != nil {
					return fmt.Errorf("web: print: %w", err)
				}
				picture = s.uploads.Smaller(r.Context(), data, f.ContentType, printedSide)
			}
			if picture == nil {
				d.Small(f.Name + " · " + fileSize(f.Size) + " · SHA-256 " + f.SHA256[:16] + "…")
				continue
			}
			printed++
			d.Picture(picture, f.Name)
		}
	}
	if len(page.Entries) == 0 {
		d.Text(v.T("page.portfolio.empty"))
	}
	if d.Missing {
		d.Heading(v.T("page.export.missing"))
		d.Text(v.T("page.export.missing.text"))
	}
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		return fmt.Errorf("web: print: %w", err)
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="portfolio-`+page.Made.Format(time.DateOnly)+`.pdf"`)
	_, _ = b.WriteTo(w) // the reader has gone; there is nobody to tell
	return nil
}

// printEntry prints one entry without its files.
func (s *Site) printEntry(d *paper.Document, v *view, e exportEntry) {
	facts := []string{v.DateTime(e.At, v.Zone), v.T("page.entry.kind." + string(e.Kind()))}
	if e.State() != "" {
		facts = append(facts, v.T("page.evidence.state."+string(e.State())))
	}
	if e.Replaced {
		facts = append(facts, v.T("page.entry.replaced"))
	}
	if e.Kept {
		facts = append(facts, v.T("page.entry.kept"))
	}
	d.Entry(v.In(e.Step.Title), strings.Join(facts, " · "))
	if r := e.Review; r != nil {
		d.Text(v.Reviewer(*r) + " " + v.T("page.outcome."+r.Outcome))
		if r.Comment != "" {
			d.Text(r.Comment)
		}
		if r.SHA256 != "" {
			d.Small(v.T("page.export.bound", "hash", r.SHA256[:min(16, len(r.SHA256))]+"…"))
		}
		return
	}
	for _, a := range e.Hand.Answers {
		if a.Label != "" {
			d.Strong(a.Label)
		}
		switch {
		case len(a.Values) > 0:
			d.Text(strings.Join(a.Values, ", "))
		case e.Written.YesNo(a) && a.Value == "yes":
			d.Text(v.T("page.form.yes"))
		case e.Written.YesNo(a):
			d.Text(v.T("page.form.no"))
		default:
			d.Text(a.Value)
		}
	}
	for _, p := range e.Written.Ratings() {
		d.Strong(v.In(p.Text))
		d.Text(v.In(p.Label))
	}
	if e.Hand.Comment != "" {
		d.Text(e.Hand.Comment)
	}
	for _, l := range e.Hand.Links {
		d.Text(l)
	}
}
