package queue

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hibiken/asynq"
)

// An operator of one tenant neither sees nor touches what was given up of another, however much that is.
func TestArchivedTasksAreATenantsOwn(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, redisURL string) {
		connection, err := asynq.ParseRedisURI(redisURL)
		must(t, err)
		client, inspector := asynq.NewClient(connection), asynq.NewInspector(connection)
		defer client.Close()
		defer inspector.Close()
		archive := func(id string, data []byte) {
			t.Helper()
			_, err := client.Enqueue(asynq.NewTask(wake, data), asynq.Queue(wake), asynq.TaskID(id))
			must(t, err)
			must(t, inspector.ArchiveTask(wake, id))
		}
		archive("mine", payload{"main", "e"}.encode())
		archive("unreadable", []byte("?"))
		for i := range archivedPage + 1 { // the archive shows the latest first: mine is on the second page
			archive(fmt.Sprintf("theirs-%d", i), payload{"other", fmt.Sprint(i)}.encode())
		}
		listed := func(tenant string) []string {
			t.Helper()
			ids, err := Archived(redisURL, tenant)
			must(t, err)
			slices.Sort(ids)
			return ids
		}
		if got := listed("main"); !slices.Equal(got, []string{"mine", "unreadable"}) {
			t.Errorf("main has %v", got)
		}
		if got := listed("other"); len(got) != archivedPage+2 {
			t.Errorf("other has %d", len(got))
		}
		if n, err := DropArchived(redisURL, "main", "theirs-0"); n != 0 || err != nil {
			t.Errorf("dropped %d of another tenant, %v", n, err)
		}
		if n, err := RunArchived(redisURL, "main", "theirs-0"); n != 0 || err != nil {
			t.Errorf("begun %d of another tenant, %v", n, err)
		}
		if n, err := RunArchived(redisURL, "main", ""); n != 2 || err != nil {
			t.Errorf("begun %d, %v", n, err)
		}
		if got := listed("other"); len(got) != archivedPage+1 {
			t.Errorf("other has %d left", len(got))
		}
		if n, err := RunArchived(redisURL, "other", ""); n != archivedPage+1 || err != nil {
			t.Errorf("begun %d of other, %v", n, err)
		}
	})
}
