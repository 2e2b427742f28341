package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// sendTagged responds with a body that a browser may keep and ask about again: nothing but « not
// modified » where what it has says the same. same is the body without what differs from answer to
// answer and says nothing, a nonce; the tag is weak, because compressed or not, it is the same page.
func sendTagged(c *gin.Context, kind string, body, same []byte) {
	sum := sha256.Sum256(same)
	tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
	c.Header("ETag", tag)
	if hasTag(c.GetHeader("If-None-Match"), tag) {
		c.Writer.Header().Add("Vary", "Accept-Encoding")
		// The page that is kept names the nonce it came with, and so must the policy kept beside it.
		c.Writer.Header().Del("Content-Security-Policy")
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
