package assistant

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/internal/support"
	"guichet/kb"
)

// Replay is an old answer beside the same question asked again: of the articles of that day, and of
// today's.
type Replay struct {
	ID        support.AnswerID `json:"id"`
	Question  string           `json:"question"`
	Lang      kb.Lang          `json:"lang"`
	CreatedAt time.Time        `json:"created_at"`

	Stored  Said `json:"stored"`
	ThatDay Said `json:"that_day"`
	Today   Said `json:"today"`
	// Same says that the answer of that day's articles is the stored one, sentence by sentence.
	Same bool `json:"same"`
	// Diff is the way from that day's answer to today's, line by line; "" where they are the same.
	// Mismatch is that from the stored answer to that day's.
	Diff     string `json:"diff"`
	Mismatch string `json:"mismatch,omitempty"`

	Articles []ArticleMove `json:"articles"` // that are live in another version today
	Passages []PassageMove `json:"passages"` // that are gone or changed, or stand at another place
	Setup    []SetupMove   `json:"setup"`    // what answers are made with otherwise today
	Notes    []string      `json:"notes"`    // what could not be made as it was
}

// Said is an answer as a replay shows it.
type Said struct {
	Outcome    Outcome  `json:"outcome"`
	Confidence float64  `json:"confidence"`
	Sentences  []string `json:"sentences"`
	Sources    []string `json:"sources"` // title, heading and version, in the order of citation
	Choices    []string `json:"choices,omitempty"`
}

// ArticleMove is an article that was looked at, with its version that day and today; 0 is not live.
type ArticleMove struct {
	ID    kb.ArticleID `json:"id"`
	Title string       `json:"title"`
	Lang  kb.Lang      `json:"lang"`
	Cited bool         `json:"cited"`
	Then  int          `json:"then"`
	Now   int          `json:"now"`
}

// PassageMove is a passage with its place among those found, from 1; 0 is not found. Change is
// "gone", "changed", or "moved" where only its place is another.
type PassageMove struct {
	Passage kb.PassageID `json:"passage"`
	Article kb.ArticleID `json:"article"`
	Heading string       `json:"heading"`
	Cited   bool         `json:"cited"`
	Then    int          `json:"then"`
	Now     int          `json:"now"`
	Change  string       `json:"change"`
}

// SetupMove is one value of a Setup that is another today.
type SetupMove struct {
	Name string `json:"name"`
	Then string `json:"then"`
	Now  string `json:"now"`
}

// Made is an answer and what it was made from.
type Made struct {
	Answer Answer
	Trace  Trace
}

// shownPlaces is how deep among the passages found a move is worth a line.
const shownPlaces = 10

// Compare puts a stored answer beside the same question answered again from the articles of that day
// and from today's. live is the version of each article that is live today, and hash
// the content of each passage that is.
func Compare(stored, thatDay, today Made, live map[kb.ArticleID]int, hash map[kb.PassageID]string) Replay {
	r := Replay{ID: stored.Answer.ID, Question: stored.Answer.Question, Lang: stored.Answer.Lang, CreatedAt: stored.Answer.CreatedAt,
		Stored: stored.Answer.said(), ThatDay: thatDay.Answer.said(), Today: today.Answer.said(),
		Articles: []ArticleMove{}, Passages: []PassageMove{}, Setup: setupMoves(stored.Trace.Setup, today.Trace.Setup), Notes: []string{}}
	was, is := r.Stored, r.ThatDay
	if stored.Trace.Generated {
		was.Sentences = []string{}
		for _, x := range stored.Trace.Taken {
			was.Sentences = append(was.Sentences, x.Text)
		}
		r.Notes = append(r.Notes, "the stored answer was written by the model "+stored.Trace.Model+
			", which does not write the same twice: the sentences taken word for word are compared")
	}
	r.Same = was.Outcome == is.Outcome && slices.Equal(was.Sentences, is.Sentences) && slices.Equal(was.Choices, is.Choices)
	if !r.Same {
		r.Mismatch = lineDiff(was.lines(), is.lines(), "stored", "that day's articles")
	}
	r.Diff = lineDiff(r.ThatDay.lines(), r.Today.lines(), "that day's articles", "today's articles")

	cited := map[kb.PassageID]bool{}
	articles := map[kb.ArticleID]bool{}
	for _, c := range stored.Answer.Citations {
		cited[c.Passage], articles[c.Article.ID] = true, true
	}
	seen := map[kb.ArticleID]bool{}
	for _, h := range stored.Trace.Found {
		if now := live[h.Article]; !seen[h.Article] && now != h.Version {
			a, ok := stored.Trace.Article(h.Article)
			if !ok {
				a, _ = thatDay.Trace.Article(h.Article)
			}
			r.Articles = append(r.Articles, ArticleMove{ID: h.Article, Title: a.Title, Lang: a.Lang, Cited: articles[h.Article], Then: h.Version, Now: now})
		}
		seen[h.Article] = true
	}
	now := map[kb.PassageID]int{}
	for i, h := range today.Trace.Found {
		now[h.Passage] = i + 1
	}
	then := map[kb.PassageID]bool{}
	for i, h := range stored.Trace.Found {
		then[h.Passage] = true
		m := PassageMove{Passage: h.Passage, Article: h.Article, Heading: h.Heading, Cited: cited[h.Passage], Then: i + 1, Now: now[h.Passage]}
		switch is := hash[h.Passage]; {
		case is == "":
			m.Change = "gone"
		case h.Hash != "" && is != h.Hash:
			m.Change = "changed"
		case m.Then != m.Now && min(m.Then, cmp.Or(m.Now, m.Then)) <= shownPlaces:
			m.Change = "moved"
		default:
			continue
		}
		r.Passages = append(r.Passages, m)
	}
	for i, h := range today.Trace.Found[:min(shownPlaces, len(today.Trace.Found))] {
		if !then[h.Passage] {
			r.Passages = append(r.Passages, PassageMove{Passage: h.Passage, Article: h.Article, Heading: h.Heading, Now: i + 1, Change: "moved"})
		}
	}
	return r
}

func (a Answer) said() Said {
	s := Said{Outcome: a.Outcome, Confidence: a.Confidence, Sentences: []string{}, Sources: []string{}}
	for _, x := range a.Sentences {
		s.Sentences = append(s.Sentences, x.Text)
	}
	for _, c := range a.Citations {
		place := c.Article.Title
		if c.Heading != "" {
			place += " › " + c.Heading
		}
		s.Sources = append(s.Sources, fmt.Sprintf("%s (%s, version %d)", place, c.Article.ID, c.Article.Version))
	}
	for _, c := range a.Choices {
		s.Choices = append(s.Choices, c.Label)
	}
	return s
}

// lines are an answer as a diff compares it.
func (s Said) lines() []string {
	out := append([]string{string(s.Outcome)}, s.Sentences...)
	for _, x := range s.Choices {
		out = append(out, "? "+x)
	}
	for _, x := range s.Sources {
		out = append(out, "[source] "+x)
	}
	return out
}

// lineDiff is a unified diff of two short texts, whole; "" where they are equal.
func lineDiff(a, b []string, from, to string) string {
	if slices.Equal(a, b) {
		return ""
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n@@ -1,%d +1,%d @@\n", from, to, len(a), len(b))
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out.WriteString(" " + a[i] + "\n")
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out.WriteString("-" + a[i] + "\n")
			i++
		default:
			out.WriteString("+" + b[j] + "\n")
			j++
		}
	}
	return out.String()
}

// setupMoves names what is not the same in two setups. Where the index stood is of the articles, not
// of the setup.
func setupMoves(then, now Setup) []SetupMove {
	moves := []SetupMove{}
	was, is := map[string]string{}, map[string]string{}
	then.values(was)
	now.values(is)
	names := make([]string, 0, len(is))
	for n := range is {
		names = append(names, n)
	}
	for n := range was {
		if _, both := is[n]; !both {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if was[n] != is[n] {
			moves = append(moves, SetupMove{n, was[n], is[n]})
		}
	}
	return moves
}

// values flattens what is recorded of a setup into names and values.
func (s Setup) values(into map[string]string) {
	s.Index = 0
	raw, err := json.Marshal(s)
	if err != nil {
		return
	}
	var tree map[string]any
	if json.Unmarshal(raw, &tree) != nil {
		return
	}
	var walk func(name string, v any)
	walk = func(name string, v any) {
		if fields, ok := v.(map[string]any); ok {
			for k, x := range fields {
				walk(strings.TrimPrefix(name+"."+k, "."), x)
			}
			return
		}
		into[name] = fmt.Sprint(v)
	}
	walk("", tree)
}
