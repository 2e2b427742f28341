package kb_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"guichet/kb"
)

// TestALongSentenceIsQuotedInPart: whole clauses of it, those that have the question's words.
func TestALongSentenceIsQuotedInPart(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("the counter is open to whoever comes by, ", 9)
	long := "In the first years of the house " + filler + "and the silver lamp was bought in the spring of 1921 by its keeper, while " + filler + "which is another story."
	p := page(kb.English, "a", paragraph(long))
	e := extract(t, nil, kb.Query{Text: "When was the silver lamp bought?", Lang: kb.English}, results(p))
	if len(e.Sentences) != 1 {
		t.Fatalf("%d sentences: %q", len(e.Sentences), texts(e))
	}
	got := e.Sentences[0].Text
	if !strings.Contains(got, "the silver lamp was bought in the spring of 1921") || utf8.RuneCountInString(got) > kb.MaxAnswer {
		t.Errorf("%d characters: %q", utf8.RuneCountInString(got), got)
	}
	if quote := e.Quotes[0]; p.Text[quote.Start:quote.End] != got {
		t.Errorf("the quote does not stand in its passage: %q", quote.Text)
	}
}
