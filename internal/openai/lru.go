package openai

import "container/list"

// lru remembers the vectors of the texts asked for last. Not safe for concurrent use.
type lru struct {
	size  int
	order *list.List // of lruEntry, latest first
	by    map[lineKey]*list.Element
}

type lruEntry struct {
	key    lineKey
	vector []float32
}

func newLRU(size int) *lru {
	return &lru{size: size, order: list.New(), by: map[lineKey]*list.Element{}}
}

func (c *lru) get(k lineKey) ([]float32, bool) {
	el, ok := c.by[k]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(el)
	return el.Value.(lruEntry).vector, true
}

func (c *lru) put(k lineKey, v []float32) {
	if el, ok := c.by[k]; ok {
		c.order.MoveToFront(el)
		return
	}
	c.by[k] = c.order.PushFront(lruEntry{k, v})
	if c.order.Len() > c.size {
		last := c.order.Back()
		c.order.Remove(last)
		delete(c.by, last.Value.(lruEntry).key)
	}
}
