//go:build testclock

package app

import (
	"fmt"
	"os"
	"time"
)

// clock begins at the moment that GUICHET_TEST_CLOCK names (RFC 3339) and goes on from there: in a browser
// test it is Saturday night when it has to be. Builds without the tag do not know the variable.
func clock() (func() time.Time, error) {
	from, err := time.Parse(time.RFC3339, os.Getenv("GUICHET_TEST_CLOCK"))
	if err != nil {
		return nil, fmt.Errorf("GUICHET_TEST_CLOCK: %w", err)
	}
	start := time.Now()
	return func() time.Time { return from.Add(time.Since(start)) }, nil
}
