package pg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"guichet/internal/embedded"
)

// password returns the password that path holds; at the first use it makes one.
func password(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = writeSecret(path, string(text))
	}
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// writeSecret writes a file that appears whole or not at all, readable by its owner alone.
func writeSecret(path, text string) (err error) {
	fresh := path + ".new"
	file, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// settle returns the folder of the cluster, which it makes where there is none. data/cluster is
// that folder or, once PostgreSQL had to run as nobody, a link to it. Whoever owned it, a gets it.
func settle(ctx context.Context, a account, data, password string) (string, error) {
	link := filepath.Join(data, "cluster")
	old := link + ".moved"
	if _, err := os.Lstat(link); errors.Is(err, fs.ErrNotExist) {
		// A move was cut short between its two last steps: the files are still here.
		if err := os.Rename(old, link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("cluster: %w", err)
		}
	}
	cluster, err := filepath.EvalSymlinks(link)
	if errors.Is(err, fs.ErrNotExist) {
		if where, err := os.Readlink(link); err == nil {
			return "", unavailable(nil, "The database's files are missing: %s points to %s, which is not there.", link, where)
		}
		return create(ctx, a, data, password)
	}
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	if err := clearLeftovers(ctx, cluster); err != nil {
		return "", err
	}
	if cluster == link && a.home != data {
		return move(a, link, old)
	}
	return cluster, own(a, cluster)
}

// create makes a new cluster with one superuser, who has the password.
func create(ctx context.Context, a account, data, password string) (string, error) {
	cluster, fresh := filepath.Join(a.home, "cluster"), filepath.Join(a.home, "cluster.new")
	if err := clearLeftovers(ctx, fresh); err != nil {
		return "", err
	}
	secret := filepath.Join(a.home, "initial-password")
	defer os.Remove(secret)
	err := writeSecret(secret, password)
	if err == nil {
		err = os.Chown(secret, a.uid, a.gid)
	}
	if err != nil {
		return "", fmt.Errorf("make cluster: %w", err)
	}

	// C.UTF-8 knows upper and lower case beyond ASCII; where the system lacks it C has to do.
	for _, characters := range []string{"C.UTF-8", "C"} {
		if err := emptyFolder(a, fresh); err != nil {
			return "", fmt.Errorf("make cluster: %w", err)
		}
		cmd := a.command("initdb", "-D", fresh, "--username="+user, "--auth=scram-sha-256", "--pwfile="+secret,
			"--encoding=UTF8", "--locale=C", "--lc-ctype="+characters, "--data-checksums", "--no-instructions")
		cmd.Dir = fresh
		if _, err = embedded.Run(ctx, cmd); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return "", unavailable(err, "The private PostgreSQL could not be set up in %s: %v.", a.home, err)
	}
	// In a home outside the data folder there may be the cluster of a data folder that was deleted
	// since. It is not for us to say that nobody wants it back.
	aside := cluster + time.Now().Format(".20060102-150405")
	if err := os.Rename(cluster, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("make cluster: %w", err)
	}
	if err := os.Rename(fresh, cluster); err != nil {
		return "", fmt.Errorf("make cluster: %w", err)
	}
	if a.home != data {
		if err := os.Symlink(cluster, filepath.Join(data, "cluster")); err != nil {
			return "", fmt.Errorf("make cluster: %w", err)
		}
	}
	return cluster, nil
}

// emptyFolder makes folder anew for a alone.
func emptyFolder(a account, folder string) error {
	err := os.RemoveAll(folder)
	if err == nil {
		err = os.Mkdir(folder, 0o700)
	}
	if err == nil {
		err = os.Chown(folder, a.uid, a.gid)
	}
	return err
}

// move takes the cluster from the data folder to a's home and leaves a link. It may be cut short
// anywhere: until the link is there, the files in the data folder are the ones that count.
func move(a account, link, old string) (string, error) {
	cluster := filepath.Join(a.home, "cluster")
	err := os.RemoveAll(cluster)
	if err == nil {
		err = copyTree(link, cluster, a.uid, a.gid)
	}
	if err != nil {
		return "", fmt.Errorf("move cluster: %w", err)
	}
	syscall.Sync()
	if err = os.Rename(link, old); err == nil {
		err = os.Symlink(cluster, link)
	}
	if err == nil {
		err = os.RemoveAll(old)
	}
	if err != nil {
		return "", fmt.Errorf("move cluster: %w", err)
	}
	return cluster, nil
}

// own gives the cluster's files to a.
func own(a account, cluster string) error {
	info, err := os.Stat(cluster)
	if err != nil {
		return fmt.Errorf("cluster: %w", err)
	}
	owner := int(info.Sys().(*syscall.Stat_t).Uid)
	if owner == a.uid {
		return nil
	}
	if os.Geteuid() != 0 {
		return unavailable(nil, "The database in %s belongs to another account (number %d): start guichet as that account.", cluster, owner)
	}
	return filepath.WalkDir(cluster, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, a.uid, a.gid)
	})
}
