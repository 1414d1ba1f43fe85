package lrssqlite

// The index is a row of segments, one for each stretch of the order. Only the
// newest one grows, so writing touches the same few pages however many statements
// there are; finding looks into one segment after the other, newest or oldest
// first, until its page is full. Segment 0 is none of the row: it holds what
// statements say about each other, which is asked for whatever its age.
const segmentSchema = `
CREATE TABLE IF NOT EXISTS lrs_segments (
	n     INTEGER PRIMARY KEY,
	first INTEGER NOT NULL UNIQUE
) STRICT;
INSERT OR IGNORE INTO lrs_segments (n, first) VALUES (1, 0);`

// segmentSize is how many statements a segment is for. A larger one has more
// pages to write to, smaller ones are more to look into.
const segmentSize = 8_192

// relations is the segment of "t" and "x".
const relations = 0

const (
	newestSegment = `SELECT n, first FROM lrs_segments ORDER BY n DESC LIMIT 1`
	addSegment    = `INSERT INTO lrs_segments (n, first) VALUES (?, ?)`
	segmentFill   = `SELECT count(*) FROM (SELECT 1 FROM lrs_statements WHERE stored >= ? LIMIT ?)`

	// segmentOf is the segment of a statement, by its stored number.
	segmentOf = `(SELECT n FROM lrs_segments WHERE first <= ? ORDER BY first DESC LIMIT 1)`
)

// segment is the newest one as this process knows it: fill leaves out what others
// added meanwhile, so with several writers a segment may get that much larger.
type segment struct {
	n, first int64
	fill     int
}

// place is the segment for n statements, the first of which has that number.
func (w *writer) place(n int, first int64) (int64, error) {
	var newest segment
	if err := w.queryRow(newestSegment).Scan(&newest.n, &newest.first); err != nil {
		return 0, err
	}
	if newest.n != w.newest.n || newest.first != w.newest.first {
		if err := w.queryRow(segmentFill, newest.first, w.perSegment).Scan(&newest.fill); err != nil {
			return 0, err
		}
		w.newest = newest
	}
	if w.newest.fill >= w.perSegment {
		w.newest = segment{n: newest.n + 1, first: first}
		if _, err := w.exec(addSegment, w.newest.n, first); err != nil {
			return 0, err
		}
	}
	w.newest.fill += n
	return w.newest.n, nil
}

// segmentOf is the segment of a statement, by its stored number.
func (w *writer) segmentOf(stored int64) (n int64, err error) {
	err = w.queryRow(`SELECT `+segmentOf, stored).Scan(&n)
	return n, err
}
