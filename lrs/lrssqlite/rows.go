package lrssqlite

import "database/sql"

// each calls f for every row that a query returned, to scan it, and closes the rows.
// It takes the query's error too, so that there is one to wrap.
func each(rows *sql.Rows, err error, f func() error) error {
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := f(); err != nil {
			return err
		}
	}
	return rows.Err()
}
