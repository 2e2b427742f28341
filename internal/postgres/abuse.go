package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"guichet/internal/problem"
	"guichet/internal/seal"
	"guichet/internal/support"
)

var addSigningKey = query("add_signing_key", `
	INSERT INTO signing_keys (id, sealed, made_at)
	SELECT @id, @sealed, @made_at WHERE NOT EXISTS (SELECT FROM signing_keys WHERE made_at >= @signs)`)

var listSigningKeys = query("list_signing_keys", `
	SELECT id, sealed, made_at FROM signing_keys WHERE made_at >= @known ORDER BY made_at DESC, id`)

var dropSigningKeys = query("drop_signing_keys", `DELETE FROM signing_keys WHERE made_at < @known`)

// SigningKeys reads the ring of keys; see seal.KeyStore.
func (db *DB) SigningKeys(ctx context.Context, fresh seal.SealedKey, signs, known time.Time) (keys []seal.SealedKey, err error) {
	defer problem.Wrap(&err, "postgres.SigningKeys")
	err = db.tx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		n, err := addSigningKey.exec(ctx, tx, args{"id": fresh.ID, "sealed": fresh.Sealed, "made_at": fresh.MadeAt, "signs": signs})
		if err != nil {
			return err
		}
		if n > 0 { // once a month
			if _, err := dropSigningKeys.exec(ctx, tx, args{"known": known}); err != nil {
				return err
			}
		}
		keys, err = list(ctx, tx, listSigningKeys, args{"known": known}, pgx.RowToStructByPos[seal.SealedKey])
		return err
	})
	return keys, err
}

// Whoever comes second with the same proof waits for the first one's transaction, and then finds it
// spent.
var spendProof = query("spend_proof", `
	INSERT INTO spent_proofs (id, expires_at) VALUES (@id, @expires_at) ON CONFLICT (id) DO NOTHING`)

func (d deskTx) SpendProof(ctx context.Context, p support.Proof) (fresh bool, err error) {
	n, err := spendProof.exec(ctx, d.tx, args{"id": p.ID, "expires_at": p.ExpiresAt})
	return n == 1, err
}

var deleteSpentProofs = query("delete_spent_proofs", `DELETE FROM spent_proofs WHERE expires_at < @before`)

// DeleteSpentProofs deletes the proofs that expired before: nobody can spend them again.
func (db *DB) DeleteSpentProofs(ctx context.Context, before time.Time) (int, error) {
	return deleteSpentProofs.exec(ctx, db.pool, args{"before": before})
}
