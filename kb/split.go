package kb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sizes of a passage in characters. A passage is filled up to target; what belongs together may
// reach limit, about 350 tokens of the embedding model, beyond which it would be cut there.
// A rest shorter than tail joins the passage before it.
type sizes struct{ target, limit, tail int }

var (
	alphabetic = sizes{target: 900, limit: 1400, tail: 200}
	ideograms  = sizes{target: 300, limit: 480, tail: 65}
)

// Split makes the passages of one version of a, whose body was read as d: one or several for each
// section that has text, never one for two sections. Blocks stay whole as long as they fit, a list
// or a table too, with the line that leads up to it; a table that is cut repeats its head row. An
// article without text yields its title as one passage without sentences: to be found by, not to
// be quoted.
func Split(a Article, version int, d Document) []Passage {
	size := alphabetic
	if a.Lang == Chinese {
		size = ideograms
	}
	var passages []Passage
	under := map[string]int{} // passages so far under each heading path
	add := func(s Section, blocks []Block) {
		path := strings.Join(s.Headings, "\x01")
		p := Passage{
			ID:         NewPassageID(a.ID, s.Headings, under[path]),
			Article:    a.ID,
			Group:      a.Group,
			Lang:       a.Lang,
			Collection: a.Collection,
			Audience:   a.Audience,
			Version:    version,
			Slug:       a.Slug,
			Title:      a.Title,
			Headings:   s.Headings,
			Anchor:     s.Anchor,
			Position:   len(passages),
		}
		p.Text, p.Sentences = compose(a.Lang, blocks)
		under[path]++
		passages = append(passages, p)
	}
	for _, s := range d.Sections {
		for _, blocks := range size.parts(a.Lang, s.Blocks) {
			add(s, blocks)
		}
	}
	if len(passages) == 0 {
		add(Section{}, nil)
		passages[0].Text = a.Title
	}
	return passages
}

// compose joins blocks to a passage's text and finds its sentences.
func compose(lang Lang, blocks []Block) (string, []Sentence) {
	var text strings.Builder
	var sentences []Sentence
	for i, b := range blocks {
		if i > 0 {
			text.WriteByte('\n')
		}
		at := text.Len()
		text.WriteString(b.Text)
		for _, s := range sentencesOf(lang, b) {
			sentences = append(sentences, Sentence{Start: at + s.Start, End: at + s.End, Block: i, Kind: b.Kind, List: b.List})
		}
	}
	return text.String(), sentences
}

// sentencesOf cuts a block: a row of a table is one sentence, code falls into its lines.
func sentencesOf(lang Lang, b Block) []Span {
	switch b.Kind {
	case Row:
		return []Span{trimSpan(b.Text, 0, len(b.Text))}
	case Code:
		var spans []Span
		at := 0
		for line := range strings.Lines(b.Text) {
			if s := trimSpan(b.Text, at, at+len(line)); s.Start < s.End {
				spans = append(spans, s)
			}
			at += len(line)
		}
		return spans
	}
	return Segment(lang, b.Text)
}

// parts deals a section's blocks out to passages.
func (z sizes) parts(lang Lang, blocks []Block) [][]Block {
	var parts [][]Block
	var part []Block
	for _, g := range z.groups(lang, blocks) {
		if len(part) > 0 && length(part)+1+length(g) > z.target {
			parts = append(parts, part)
			part = nil
		}
		part = append(part, g...)
	}
	if len(part) == 0 {
		return nil
	}
	if n := len(parts); n > 0 && length(part) < z.tail && length(parts[n-1])+1+length(part) <= z.limit {
		parts[n-1] = append(parts[n-1], part...)
	} else {
		parts = append(parts, part)
	}
	for i, p := range parts {
		lead := Block{Kind: Row, Text: p[0].Lead, List: p[0].List}
		if lead.Text != "" && length(p)+1+length([]Block{lead}) <= z.limit {
			parts[i] = append([]Block{lead}, p...)
		}
	}
	return parts
}

// groups puts blocks that belong together side by side, each group within the limit: a list, a
// table, and the block that leads up to another by its colon. A group or block that does not fit
// comes in pieces.
func (z sizes) groups(lang Lang, blocks []Block) [][]Block {
	var groups [][]Block
	var group []Block
	flush := func() {
		if len(group) == 0 {
			return
		}
		if length(group) <= z.limit {
			groups = append(groups, group)
		} else {
			groups = append(groups, z.pieces(lang, group)...)
		}
		group = nil
	}
	for _, b := range blocks {
		if strings.TrimSpace(b.Text) == "" {
			continue
		}
		if n := len(group); n > 0 && !leadsUp(group[n-1].Text) && (b.List == 0 || b.List != group[n-1].List) {
			flush()
		}
		group = append(group, b)
	}
	flush()
	return groups
}

func leadsUp(text string) bool {
	return strings.HasSuffix(text, ":") || strings.HasSuffix(text, "：")
}

// pieces returns the blocks of a group that is too long, one by one, the overlong ones cut; a line
// that leads up to the next block still stays with it where the two fit.
func (z sizes) pieces(lang Lang, group []Block) [][]Block {
	var pieces [][]Block
	for _, b := range group {
		text := b.Text
		spans := []Span{{0, len(text)}}
		if utf8.RuneCountInString(text) > z.limit {
			spans = z.cut(lang, text)
		}
		for _, s := range spans {
			b.Text = s.Of(text)
			if n := len(pieces); n > 0 && leadsUp(pieces[n-1][0].Text) && len(pieces[n-1]) == 1 && length(pieces[n-1])+1+utf8.RuneCountInString(b.Text) <= z.limit {
				pieces[n-1] = append(pieces[n-1], b)
				continue
			}
			pieces = append(pieces, []Block{b})
		}
	}
	return pieces
}

// length counts the characters of blocks joined.
func length(blocks []Block) int {
	n := max(len(blocks)-1, 0)
	for _, b := range blocks {
		n += utf8.RuneCountInString(b.Text)
	}
	return n
}

// cut divides a text that is too long into stretches of it, up to target characters each: at the
// end of a line where that leaves more than half, else at the end of a sentence.
func (z sizes) cut(lang Lang, text string) []Span {
	var atoms []Span
	for _, s := range Segment(lang, text) {
		atoms = append(atoms, z.atoms(text, s)...)
	}
	var parts []Span
	for from := 0; from < len(atoms); {
		end, lineEnd := from+1, 0
		size := utf8.RuneCountInString(atoms[from].Of(text))
		for ; end < len(atoms); end++ {
			last, next := atoms[end-1], atoms[end]
			if size > z.target/2 && !leadsUp(last.Of(text)) && strings.Contains(text[last.End:next.Start], "\n") {
				lineEnd = end
			}
			size += utf8.RuneCountInString(text[last.End:next.End])
			if size > z.target {
				break
			}
		}
		switch {
		case end == len(atoms):
		case lineEnd > 0:
			end = lineEnd
		case end-1 > from && leadsUp(atoms[end-1].Of(text)):
			end--
		}
		part := Span{atoms[from].Start, atoms[end-1].End}
		if n := len(parts); n > 0 && utf8.RuneCountInString(part.Of(text)) < z.tail {
			if joined := (Span{parts[n-1].Start, part.End}); utf8.RuneCountInString(joined.Of(text)) <= z.limit {
				parts, part = parts[:n-1], joined
			}
		}
		parts = append(parts, part)
		from = end
	}
	return parts
}

// atoms cuts a sentence longer than the limit at white space or commas, or where it must.
func (z sizes) atoms(text string, s Span) []Span {
	if utf8.RuneCountInString(s.Of(text)) <= z.limit {
		return []Span{s}
	}
	var atoms []Span
	add := func(start, end int) {
		if a := trimSpan(text, start, end); a.Start < a.End {
			atoms = append(atoms, a)
		}
	}
	start, last, n := s.Start, -1, 0
	for i, r := range s.Of(text) {
		at := s.Start + i
		if n >= z.target {
			end := at
			if last > start {
				end = last
			}
			add(start, end)
			n = utf8.RuneCountInString(text[end:at])
			start, last = end, -1
		}
		n++
		if unicode.IsSpace(r) || strings.ContainsRune("，、", r) {
			last = at + utf8.RuneLen(r)
		}
	}
	add(start, s.End)
	return atoms
}
