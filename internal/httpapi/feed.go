package httpapi

import (
	"encoding/xml"
	"time"

	"github.com/gin-gonic/gin"

	"guichet/kb"
)

const (
	atomType       = "application/atom+xml"
	openSearchType = "application/opensearchdescription+xml"
)

// feedLength is how many articles a feed holds.
const feedLength = 30

func feedPath(l kb.Lang) string       { return "/" + string(l) + "/feed.atom" }
func openSearchPath(l kb.Lang) string { return "/" + string(l) + "/opensearch.xml" }

// atomFeed is a feed as RFC 4287 writes it.
type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Author  string      `xml:"author>name"`
	Updated string      `xml:"updated"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID      string   `xml:"id"`
	Title   string   `xml:"title"`
	Updated string   `xml:"updated"`
	Link    atomLink `xml:"link"`
}

// feed lists the public articles of a language that changed last, for anybody.
func (s *Server) feed(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	cards, err := s.Reading.Latest(c.Request.Context(), v.Lang, kb.Public, feedLength)
	if err != nil {
		return err
	}
	self := s.absolute(feedPath(v.Lang))
	f := atomFeed{Lang: v.Tag(), ID: self, Title: v.SiteName, Author: v.SiteName, Updated: v.ISO(time.Unix(0, 0)),
		Links: []atomLink{{"self", atomType, self}, {"alternate", "text/html", s.absolute("/" + string(v.Lang))}}}
	if len(cards) > 0 {
		f.Updated = v.ISO(cards[0].UpdatedAt)
	}
	for _, a := range cards {
		// An article's slug may change; its id never does.
		f.Entries = append(f.Entries, atomEntry{ID: self + "#" + string(a.ID), Title: a.Title,
			Updated: v.ISO(a.UpdatedAt), Link: atomLink{"alternate", "text/html", s.absolute(articlePath(a.Lang, a.Slug))}})
	}
	return sendXML(c, atomType, f)
}

// maxShortName bounds the name of a search, in characters, as OpenSearch says.
const maxShortName = 16

// openSearch describes the search to browsers, so that one can search from the address bar.
func (s *Server) openSearch(c *gin.Context) error {
	v, err := s.reader(c, "")
	if err != nil {
		return err
	}
	type url struct {
		Type     string `xml:"type,attr"`
		Template string `xml:"template,attr"`
	}
	type image struct {
		Type string `xml:"type,attr"`
		URL  string `xml:",chardata"`
	}
	name := []rune(v.SiteName)
	return sendXML(c, openSearchType, struct {
		XMLName       xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
		ShortName     string
		Description   string
		InputEncoding string
		Language      string
		Image         image
		URL           url `xml:"Url"`
	}{ShortName: string(name[:min(len(name), maxShortName)]), Description: v.T("search.title"), InputEncoding: "UTF-8", Language: v.Tag(),
		Image: image{"image/svg+xml", s.absolute("/favicon.ico")},
		URL:   url{"text/html", s.absolute("/"+string(v.Lang)+"/search") + "?q={searchTerms}"}})
}

// sendXML responds with a document that anybody may keep for an hour.
func sendXML(c *gin.Context, kind string, document any) error {
	b, err := xml.Marshal(document)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "public, max-age=3600")
	b = append([]byte(xml.Header), b...)
	sendTagged(c, kind+"; charset=utf-8", b, b)
	return nil
}
