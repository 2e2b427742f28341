package httpapi

import (
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"guichet/internal/routing"
	"guichet/internal/support"
	"guichet/kb"
)

var routedCategory = routed[support.Category]{part: "categories", page: "category",
	find: func(all *routing.State, id string) (routing.Saved[support.Category], bool) {
		return all.Category(support.CategoryKey(id))
	},
	fresh: func(all *routing.State) support.Category {
		c := support.Category{Team: routing.DefaultTeam, Priority: support.PriorityNormal, Position: 1}
		if n := len(all.Categories); n > 0 {
			c.Position = min(all.Categories[n-1].Value.Position+1, 999)
		}
		return c
	},
	name:    routingPage.Label,
	form:    func(c support.Category, _ kb.Lang) routing.Form { return routing.CategoryForm(c) },
	read:    func(f routing.Form, _ support.Category) (support.Category, error) { return routing.ReadCategory(f) },
	save:    (*routing.Service).SaveCategory,
	address: func(f routing.Form) string { return strings.TrimSpace(f["key"]) }}

func (s *Server) pageCategory(c *gin.Context) error { return routedCategory.show(s, c) }

// pageCategorySend saves a category; or shows it again with one more field to fill in, and the labels
// of those that there are.
func (s *Server) pageCategorySend(c *gin.Context) error {
	return routedCategory.send(s, c, func(_ *routingPage, do string) (bool, error) { return do == "more", nil })
}

// Rows are the numbers of the fields that the form of a category shows: those that are there, and one
// more.
func (p routingPage) Rows() (out []int) {
	n := 0
	for ; p.Form[fmt.Sprintf("field_%d_key", n)] != ""; n++ {
		out = append(out, n)
	}
	return append(out, n)
}

// Row is the name of a part of a field.
func (p routingPage) Row(n int, part string) string { return fmt.Sprintf("field_%d_%s", n, part) }

// Nth counts a row from one.
func (p routingPage) Nth(n int) int { return n + 1 }

// FieldTypes are the types that a field can have.
func (p routingPage) FieldTypes() []support.FieldType { return routing.FieldTypes }

// Priorities are those of a category.
func (p routingPage) Priorities() []support.Priority { return routing.Priorities() }

// langTexts are the texts of a category in one language.
type langTexts struct {
	kb.Lang
	Open    bool // something is wrong in it
	BuiltIn support.CategoryText
	Fields  []labelled
}

// labelled is a key that wants a label, the name of the field for it, and the label that there is.
type labelled struct{ Key, Name, BuiltIn string }

// Texts are the texts of a category by language, the page's own first.
func (p routingPage) Texts() (out []langTexts) {
	c, _ := routing.ReadCategory(p.Form) // what can be read has its labels asked for
	for _, l := range append([]kb.Lang{p.Lang}, kb.Langs[:]...) {
		if len(out) > 0 && l == p.Lang {
			continue
		}
		name := "text_" + string(l) + "_"
		t := langTexts{Lang: l, Open: l == p.Lang, BuiltIn: p.texts.BuiltIn(c, l)}
		seen := map[string]bool{}
		for _, f := range c.Fields {
			if !seen[f.Key] {
				t.Fields = append(t.Fields, labelled{f.Key, name + "field_" + f.Key, t.BuiltIn.Fields[f.Key]})
			}
			seen[f.Key] = true
			for _, k := range f.Choices {
				if !seen["choice "+k] {
					t.Fields = append(t.Fields, labelled{k, name + "choice_" + k, ""})
				}
				seen["choice "+k] = true
			}
		}
		for _, e := range p.Errors.Links {
			t.Open = t.Open || strings.HasPrefix(e.ID, name)
		}
		for f := range p.Theirs {
			t.Open = t.Open || strings.HasPrefix(f, name)
		}
		out = append(out, t)
	}
	return out
}
