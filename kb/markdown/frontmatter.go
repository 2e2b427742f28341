package markdown

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"guichet/kb"
)

// maxFrontMatter bounds front matter, in bytes.
const maxFrontMatter = 16_000

// FieldError says what is wrong with a file, and where.
type FieldError struct {
	Line   int    // from 1
	Field  string // "" where it is not one field
	Reason string
}

// Error returns "line 3: lang: …".
func (e *FieldError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return fmt.Sprintf("line %d: %s: %s", e.Line, e.Field, e.Reason)
}

var slugPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// fields are the keys of front matter, in the order in which WriteFile writes them.
var fields = []struct {
	key string
	get func(kb.Article) string
	set func(*kb.Article, string) error
}{
	{"id", func(a kb.Article) string { return string(a.ID) }, func(a *kb.Article, s string) error {
		a.ID = kb.ArticleID(s)
		return checkID(s)
	}},
	{"title", func(a kb.Article) string { return a.Title }, func(a *kb.Article, s string) error {
		a.Title = strings.Join(strings.Fields(s), " ")
		if n := utf8.RuneCountInString(a.Title); n > kb.MaxTitle {
			return fmt.Errorf("has %d characters, more than %d", n, kb.MaxTitle)
		}
		if strings.ContainsFunc(a.Title, unicode.IsControl) {
			return fmt.Errorf("contains a control character")
		}
		return nil
	}},
	{"lang", func(a kb.Article) string { return string(a.Lang) }, func(a *kb.Article, s string) (err error) {
		a.Lang, err = kb.ParseLang(s)
		return err
	}},
	{"slug", func(a kb.Article) string { return a.Slug }, func(a *kb.Article, s string) error {
		a.Slug = s
		if len(s) > maxSlug || !slugPattern.MatchString(s) {
			return fmt.Errorf("%q is not made of a–z, 0–9 and single hyphens, at most %d", s, maxSlug)
		}
		return nil
	}},
	{"collection", func(a kb.Article) string { return string(a.Collection) }, func(a *kb.Article, s string) error {
		a.Collection = kb.CollectionKey(s)
		return checkID(s)
	}},
	{"group", func(a kb.Article) string { return string(a.Group) }, func(a *kb.Article, s string) error {
		a.Group = kb.GroupID(s)
		return checkID(s)
	}},
	{"audience", func(a kb.Article) string {
		if a.Audience == kb.Public {
			return ""
		}
		return a.Audience.String()
	}, func(a *kb.Article, s string) (err error) {
		a.Audience, err = kb.ParseAudience(s)
		return err
	}},
}

func checkID(s string) error {
	if !kb.ValidID(s) {
		return fmt.Errorf("%q is not made of letters, digits and . _ / -, at most 200", s)
	}
	return nil
}

// ParseFile reads an article: front matter between two lines of "---" (YAML, every key optional),
// and the body. What front matter leaves out stays empty; the caller knows what the file's path
// says of it. Without front matter the whole file is the body. The body comes without blank lines
// around it and with "\n" at the end of lines. Errors are *FieldError.
func ParseFile(data []byte) (kb.Article, error) {
	var a kb.Article
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if i := invalid(data); i >= 0 {
		return a, &FieldError{Line: lineOf(data, i), Reason: "not valid UTF-8 text"}
	}
	text := clean(string(data))
	head, body, bodyLine, err := cutFrontMatter(text)
	if err != nil {
		return a, err
	}
	if err := readKeys(&a, head); err != nil {
		return kb.Article{}, err
	}
	a.Body = trimBody(body)
	if len(a.Body) > kb.MaxBody {
		return kb.Article{}, &FieldError{Line: bodyLine, Field: "body", Reason: fmt.Sprintf("has %d bytes, more than %d", len(a.Body), kb.MaxBody)}
	}
	return a, nil
}

// invalid returns the offset of the first byte that is NUL or not UTF-8, or -1.
func invalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func lineOf(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

// cutFrontMatter returns the front matter with its opening line, so that lines count as in the
// file, and the body with the line where it begins.
func cutFrontMatter(text string) (head, body string, bodyLine int, err error) {
	const fence = "---"
	first, rest, _ := strings.Cut(text, "\n")
	if strings.TrimRight(first, " \t") != fence {
		return "", text, 1, nil
	}
	bodyLine = 2
	for at := 0; at < len(rest); bodyLine++ {
		line, _, _ := strings.Cut(rest[at:], "\n")
		if strings.TrimRight(line, " \t") == fence {
			return fence + "\n" + rest[:at], strings.TrimPrefix(rest[at+len(line):], "\n"), bodyLine + 1, nil
		}
		at += len(line) + 1
	}
	return "", "", 0, &FieldError{Line: 1, Reason: `front matter is opened by "---" and never closed by another`}
}

// trimBody takes blank lines off either end.
func trimBody(body string) string {
	for {
		line, rest, found := strings.Cut(body, "\n")
		if !found || strings.TrimSpace(line) != "" {
			return strings.TrimRightFunc(body, unicode.IsSpace)
		}
		body = rest
	}
}

// readKeys reads the keys of front matter into a.
func readKeys(a *kb.Article, head string) error {
	if len(head) > maxFrontMatter {
		return &FieldError{Line: 1, Reason: fmt.Sprintf("front matter has %d bytes, more than %d", len(head), maxFrontMatter)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(head), &doc); err != nil {
		return yamlError(err)
	}
	if len(doc.Content) == 0 || doc.Content[0].ShortTag() == "!!null" {
		return nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return &FieldError{Line: root.Line, Reason: `front matter is not made of lines "key: value"`}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		fail := func(reason string) error {
			return &FieldError{Line: key.Line, Field: key.Value, Reason: reason}
		}
		set := setter(key.Value)
		switch {
		case key.Kind != yaml.ScalarNode || set == nil:
			return fail("unknown key: want " + keyList())
		case seen[key.Value]:
			return fail("stands twice")
		case value.Kind != yaml.ScalarNode:
			return fail("is not a plain text")
		}
		seen[key.Value] = true
		if value.ShortTag() == "!!null" || value.Value == "" {
			continue
		}
		if err := set(a, value.Value); err != nil {
			return fail(err.Error())
		}
	}
	return nil
}

func setter(key string) func(*kb.Article, string) error {
	for _, f := range fields {
		if f.key == key {
			return f.set
		}
	}
	return nil
}

func keyList() string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	return strings.Join(keys, ", ")
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// yamlError takes the line out of an error of the YAML parser.
func yamlError(err error) error {
	m := yamlLine.FindStringSubmatch(err.Error())
	line, _ := strconv.Atoi(m[1])
	return &FieldError{Line: max(line, 1), Reason: strings.TrimPrefix(err.Error(), m[0]) + ` (a value with ":" or "#" needs quotes)`}
}

// WriteFile returns a as a file that ParseFile reads back.
func WriteFile(a kb.Article) []byte {
	root := yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fields {
		if v := f.get(a); v != "" {
			root.Content = append(root.Content,
				&yaml.Node{Kind: yaml.ScalarNode, Value: f.key},
				&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v})
		}
	}
	var b bytes.Buffer
	b.WriteString("---\n")
	if len(root.Content) > 0 {
		head, err := yaml.Marshal(&root)
		if err != nil {
			panic(err) // a mapping of strings can be written
		}
		b.Write(head)
	}
	b.WriteString("---\n\n" + trimBody(clean(a.Body)) + "\n")
	return b.Bytes()
}

// Title returns a title for a body that comes without one: its first heading or its first words.
func Title(body string) string {
	d, err := Read(body)
	if err != nil || len(d.Sections) == 0 {
		return ""
	}
	s := d.Sections[0]
	text := strings.Join(s.Headings, " ")
	if text == "" && len(s.Blocks) > 0 {
		text = s.Blocks[0].Text
	}
	text, _, _ = strings.Cut(text, "\n")
	words := strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(words) <= maxSlug {
		return words
	}
	cut := string([]rune(words)[:maxSlug])
	if i := strings.LastIndexByte(cut, ' '); i > 0 {
		cut = cut[:i]
	}
	return cut + "…"
}
