package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"guichet/internal/problem"
	"guichet/internal/site"
	"guichet/kb"
)

// The loader as it is built, and what stands in it for its settings.
const (
	loaderFile  = "widget.js"
	loaderPlace = `"__GUICHET_CONFIG__"`
)

// loader is the script that sites embed, with the settings that admins have decided put into it.
type loader struct {
	plain []byte // nil: it is not built
	last  atomic.Pointer[loaded]
}

// loaded is the loader with one state of the settings.
type loaded struct {
	settings string
	asset    asset
}

// newLoader takes the loader out of the built files; an error means that the settings have no place
// in it, or two.
func newLoader(built assets) (*loader, error) {
	plain := built[loaderFile].plain
	if n := bytes.Count(plain, []byte(loaderPlace)); plain != nil && n != 1 {
		return nil, fmt.Errorf("%s has %d places for its settings, want one", loaderFile, n)
	}
	return &loader{plain: plain}, nil
}

// with returns the loader with these settings, a JSON object.
func (l *loader) with(settings []byte) (asset, error) {
	if was := l.last.Load(); was != nil && was.settings == string(settings) {
		return was.asset, nil
	}
	a, err := newAsset("text/javascript; charset=utf-8", bytes.Replace(l.plain, []byte(loaderPlace), settings, 1))
	if err == nil {
		l.last.Store(&loaded{string(settings), a})
	}
	return a, err
}

// accent is the colour of what can be pressed, light and dark, and of what is written on it.
func accent(s site.Settings) [4]string {
	if t := s.Accent; t != nil {
		return [4]string{t.Light.Accent, t.Dark.Accent, t.Light.On, t.Dark.On}
	}
	return [4]string{"#0b6b50", "#4cc79e", "#ffffff", "#0c1512"}
}

// widget serves the script that sites embed, to anybody.
func (s *Server) widget(c *gin.Context) error {
	if s.loader.plain == nil {
		return problem.New(problem.NotFound, "")
	}
	site := decided(c)
	texts := map[kb.Lang]string{}
	for _, l := range site.Langs {
		texts[l] = s.Catalogs.T(l, "widget.launcher.title", nil)
	}
	settings, err := json.Marshal(struct {
		Accent  [4]string          `json:"accent"`
		Default kb.Lang            `json:"default"`
		Texts   map[kb.Lang]string `json:"texts"`
	}{accent(site), site.Default, texts})
	if err != nil {
		return err
	}
	a, err := s.loader.with(settings)
	if err != nil {
		return err
	}
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Header("Cache-Control", "public, max-age=300")
	sendBuilt(c, a)
	return nil
}

// widgetTypes serves the types of the widget's interface, to anybody.
func (s *Server) widgetTypes(c *gin.Context) error { return s.sendAsset(c, "widget.d.ts") }
