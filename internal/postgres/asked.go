package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/kb"
)

var (
	saveAsked = query("save_asked", `
		INSERT INTO asked_questions (lang, hash, input) SELECT * FROM unnest(@langs::text[], @hashes::bytea[], @inputs::text[])
		ON CONFLICT DO NOTHING`)
	dropOtherAsked = query("drop_other_asked", `DELETE FROM asked_questions WHERE hash <> ALL(@hashes)`)
)

// SaveAsked makes the questions those that lean into the means of titles, from the next means on.
func (db *DB) SaveAsked(ctx context.Context, asked map[kb.Lang][]string) (err error) {
	defer problem.Wrap(&err, "SaveAsked")
	var langs, inputs []string
	hashes := [][]byte{}
	for _, l := range kb.Langs {
		for _, text := range asked[l] {
			hash := kb.HashText(text)
			langs, hashes, inputs = append(langs, string(l)), append(hashes, hash[:]), append(inputs, text)
		}
	}
	return change(ctx, db.pool, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := dropOtherAsked.exec(ctx, tx, args{"hashes": hashes}); err != nil {
			return err
		}
		_, err := saveAsked.exec(ctx, tx, args{"langs": langs, "hashes": hashes, "inputs": inputs})
		return err
	})
}
