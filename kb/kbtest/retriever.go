package kbtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"guichet/kb"
)

// Subject is a Retriever under test and how its passages are changed: Replace makes passages those
// of the article, none takes it away; when it returns, searches see the change.
type Subject struct {
	kb.Retriever
	Replace func(article kb.ArticleID, passages []kb.Passage)
}

// Retriever tests that what open returns keeps the promises of kb.Retriever. A Retriever that needs
// Query.Vector is handed in behind one that embeds Query.Text.
func Retriever(t *testing.T, open func(t *testing.T) Subject) {
	t.Run("Empty", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		if hits := s.ask(t, kb.Query{Text: "anything", Lang: kb.English}); len(hits) != 0 {
			t.Errorf("%d hits without passages", len(hits))
		}
	})
	t.Run("FindsInNineLanguages", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range samples {
			s.add(sampleArticle(i), samples[i].text)
		}
		for i, x := range samples {
			for _, lang := range []kb.Lang{x.lang, ""} {
				hits := s.ask(t, kb.Query{Text: x.question, Lang: lang})
				if want := sampleArticle(i); len(hits) == 0 || hits[0].Article != want.ID || hits[0].Group != kb.GroupID(want.ID) || hits[0].Lang != x.lang {
					t.Errorf("%q in %q: %+v, want %s first", x.question, lang, first(hits), want.ID)
				}
			}
		}
	})
	t.Run("Limit", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range 60 {
			s.add(kb.Article{ID: kb.ArticleID(fmt.Sprintf("bridge.%d", i)), Lang: kb.English, Title: fmt.Sprintf("Bridge %d", i)}, "The bridge is crossed on foot.")
		}
		q := kb.Query{Text: "crossing the bridge", Lang: kb.English}
		if n := len(s.ask(t, q)); n != 50 {
			t.Errorf("%d hits without a limit, want 50", n)
		}
		q.Limit = 7
		if n := len(s.ask(t, q)); n != 7 {
			t.Errorf("%d hits, want 7", n)
		}
	})
	t.Run("CollectionFiltersBeforeRanking", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range 30 {
			s.add(kb.Article{ID: kb.ArticleID(fmt.Sprintf("boat.%d", i)), Lang: kb.English, Collection: "boats", Title: "Renting a boat"}, "Renting a boat for a day costs forty euros.")
		}
		s.add(kb.Article{ID: "car", Lang: kb.English, Collection: "cars", Title: "Cars"}, "A car may be had by the day; renting takes a licence.")
		hits := s.ask(t, kb.Query{Text: "renting a boat for a day", Lang: kb.English, Collection: "cars", Limit: 3})
		if len(hits) != 1 || hits[0].Article != "car" {
			t.Errorf("got %+v, want the car alone", hits)
		}
		if hits := s.ask(t, kb.Query{Text: "renting a boat", Lang: kb.English, Collection: "planes"}); len(hits) != 0 {
			t.Errorf("%d hits in a collection that does not exist", len(hits))
		}
	})
	t.Run("AudienceFiltersBeforeRanking", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range 30 {
			s.add(kb.Article{ID: kb.ArticleID(fmt.Sprintf("staff.%d", i)), Lang: kb.English, Title: "Safe code", Audience: kb.Staff}, "The code of the safe is changed each week.")
		}
		s.add(kb.Article{ID: "member", Lang: kb.English, Title: "Your safe", Audience: kb.SignedIn}, "A member may rent a safe.")
		s.add(kb.Article{ID: "public", Lang: kb.English, Title: "Safe deposits"}, "Behind the bank there is a safe.")
		for audience, want := range map[kb.Audience]int{kb.Public: 1, kb.SignedIn: 2, kb.Staff: 32} {
			hits := s.ask(t, kb.Query{Text: "code of the safe", Lang: kb.English, Audience: audience})
			if len(hits) != want {
				t.Errorf("%v sees %d passages, want %d", audience, len(hits), want)
			}
		}
	})
	t.Run("ReplacedAndGone", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		a := kb.Article{ID: "walk", Lang: kb.English, Title: "A walk"}
		old := s.add(a, strings.Repeat("The walk begins at the windmill and takes an hour. ", 30))
		s.add(kb.Article{ID: "other", Lang: kb.English, Title: "Museum"}, "The museum shows old maps.")
		a.Group = "walks" // also what a hit tells of its passage changes
		now := Passages(a, "The walk begins at the lighthouse.")
		s.Replace(a.ID, now)
		q := kb.Query{Text: "where does the walk begin, at the windmill?", Lang: kb.English}
		n := 0
		for _, h := range s.ask(t, q) {
			if h.Article == a.ID {
				if n++; h.Passage != now[0].ID || h.Group != "walks" {
					t.Errorf("an old hit: %+v", h)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d hits of the article, want 1 (it had %d passages before)", n, len(old))
		}
		s.Replace(a.ID, nil)
		for _, h := range s.ask(t, q) {
			if h.Article == a.ID {
				t.Errorf("found after it was taken away: %+v", h)
			}
		}
		s.Replace("never.there", nil)
	})
	t.Run("Cancelled", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.add(sampleArticle(0), samples[0].text)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Retrieve(ctx, kb.Query{Text: samples[0].question, Lang: kb.English}); err == nil {
			t.Error("no error under a cancelled context")
		}
	})
	t.Run("AnyQuestion", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i := range samples {
			s.add(sampleArticle(i), samples[i].text)
		}
		for _, text := range map[string]string{
			"empty": "", "blank": " \t\n", "punctuation": `?!…"'«»()[]{}*+-/\|^~&:;,.`, "wildcards": "lib* *rary l?brary /li.*/ library~2 library^9",
			"syntax": `title:"library" AND (opens OR +closes) -sunday`, "quote": `"the library`, "NUL": "library\x00opens", "invalid UTF-8": "biblioth\xe8que",
			"2,000 characters": strings.Repeat("library opens morning ", 91)[:2000], "one word": strings.Repeat("x", 2000),
			"500 words": manyWords(500), "2,000 Chinese characters": strings.Repeat("清洗眼镜镜片怎么办呢", 200), "emoji": "👓🧼", "stop words": "what is the of and to",
		} {
			s.ask(t, kb.Query{Text: text, Lang: kb.English})
			s.ask(t, kb.Query{Text: text})
		}
	})
	t.Run("SearchedWhileChanged", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		s.add(sampleArticle(0), samples[0].text)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					hits, err := s.Retrieve(t.Context(), kb.Query{Text: samples[0].question, Lang: kb.English})
					if err != nil || len(hits) == 0 || hits[0].Article != sampleArticle(0).ID {
						t.Errorf("%v, %v", first(hits), err)
						return
					}
				}
			})
		}
		for i := range 10 {
			s.add(kb.Article{ID: "changing", Lang: kb.Dutch, Title: "Verandering"}, fmt.Sprintf("Dit verandert voor de %de keer.", i))
		}
		all.Wait()
	})
}

// add puts an article there.
func (s Subject) add(a kb.Article, paragraphs ...string) []kb.Passage {
	ps := Passages(a, paragraphs...)
	s.Replace(a.ID, ps)
	return ps
}

// ask searches and checks what is true of every answer.
func (s Subject) ask(t *testing.T, q kb.Query) []kb.Hit {
	t.Helper()
	hits, err := s.Retrieve(t.Context(), q)
	if err != nil {
		t.Fatalf("%.40q: %v", q.Text, err)
	}
	seen := map[kb.PassageID]bool{}
	for i, h := range hits {
		if seen[h.Passage] {
			t.Errorf("%.40q: passage %s twice", q.Text, h.Passage)
		}
		seen[h.Passage] = true
		if i > 0 && h.Score > hits[i-1].Score {
			t.Errorf("%.40q: hit %d is better than the one before it", q.Text, i)
		}
		if sig := h.Signals; sig.WordShare < 0 || sig.WordShare > 1 || sig.Centred < -1.001 || sig.Centred > 1.001 || sig.Title < -1.001 || sig.Title > 1.001 {
			t.Errorf("%.40q: signals out of range: %+v", q.Text, sig)
		}
	}
	return hits
}

func first(hits []kb.Hit) []kb.Hit { return hits[:min(2, len(hits))] }

func manyWords(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%s ", strings.Repeat(string(rune('a'+i%26)), 1+i/26))
	}
	return b.String()
}
