package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// sendTagged responds with a body that a browser may keep and ask about again: nothing but « not
// modified » where it still has these very bytes. The tag is weak, because compressed or not, the
// body is the same one. No page may hold what differs with each request, a nonce for instance.
func sendTagged(c *gin.Context, kind string, body []byte) {
	sum := sha256.Sum256(body)
	tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
	c.Header("ETag", tag)
	if hasTag(c.GetHeader("If-None-Match"), tag) {
		c.Writer.Header().Add("Vary", "Accept-Encoding")
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, kind, body)
}

// hasTag reports whether an If-None-Match header names the tag, weak or not.
func hasTag(header, tag string) bool {
	for given := range strings.SplitSeq(header, ",") {
		given = strings.TrimSpace(given)
		if given == "*" || strings.TrimPrefix(given, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
