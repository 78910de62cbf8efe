package project

import (
	"fmt"
	"path/filepath"

	"berth/engine/image"
)

// What a build context may have before it is worth a word.
const (
	largeContext = 100_000_000 // bytes
	contextFiles = 10_000      // files after which counting ends
	megabyte     = 1_000_000
)

// lookAtContext tells of a build context that is large, or that has files with secrets in it.
func (l *look) lookAtContext() {
	dir, file := l.spec.BuildContext()
	src := image.Machine{}.Adapt(l.ctx, image.Source{Dir: dir, Dockerfile: file})
	c, err := image.Measure(l.ctx, src, contextFiles)
	if err != nil {
		return // the build will tell
	}
	ignore, where := image.IgnoreFile(src), ".dockerignore"
	if ignore != "" {
		if where = filepath.Base(ignore); where != ".dockerignore" {
			l.add(Info, "dockerignore-buildkit", where, 0, where, "only BuildKit reads an ignore file of this name: without buildx, Docker excludes nothing")
		}
	} else {
		l.add(Should, "dockerignore-missing", "", 0, "no .dockerignore",
			"without it the whole folder is sent to the builder and may end up in the image: list what is not needed, such as .git and .env")
	}
	if src.OneIgnoreFile {
		name := file + ".dockerignore"
		if rel, err := filepath.Rel(dir, name); err == nil {
			name = filepath.ToSlash(rel)
		}
		l.add(Should, "ignore-file-unread", name, 0, name, "the builder of this machine does not read this file, only .dockerignore: "+
			"what it excludes ends up in the image. BuildKit reads it (install buildx), or put the same lines into .dockerignore")
	}
	if c.Bytes > largeContext || c.More {
		more := ""
		if c.More {
			more = "more than "
		}
		l.add(Should, "context-large", "", 0, fmt.Sprintf("%s%d MB in %s%d files", more, c.Bytes/megabyte, more, c.Files),
			"each build reads all of it; exclude what is not needed with "+where)
	}
	for _, name := range c.Secrets {
		l.add(Should, "context-secret", name, 0, name, "this file looks like it holds secrets, and it is sent to the builder: list it in "+where)
	}
}
