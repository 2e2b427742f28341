package postgres_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"guichet/internal/postgres/pgtest"
	"guichet/internal/publish"
)

type mailJob struct {
	K    string `json:"-"`
	Mail string `json:"mail"`
}

func (j mailJob) Kind() string { return j.K }

func TestEnqueue(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := db.Enqueue(t.Context(),
		publish.EmbedArticle{Article: "a"}, publish.EmbedArticle{Article: "a"},
		mailJob{"send_confirmation", "m1"}, mailJob{"send_confirmation", "m1"}, mailJob{"send_reply", "m1"}, mailJob{"send_reply", "m2"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := db.Pool().Query(t.Context(), "SELECT kind, queue, priority, max_attempts, count(*) FROM river_job GROUP BY 1, 2, 3, 4 ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		Kind, Queue           string
		Priority, Attempts, N int
	}
	got, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		t.Fatal(err)
	}
	want := []row{{"embed_article", "embed", 2, 25, 2}, {"send_confirmation", "mail", 1, 17, 1}, {"send_reply", "mail", 1, 17, 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
	if err := db.Enqueue(t.Context(), mailJob{"unheard_of", "m3"}); err == nil {
		t.Error("a kind that stands in no queue was taken")
	}
}
