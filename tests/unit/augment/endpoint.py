"""A real HTTP endpoint that answers as it is told to."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def completion(text, prompt=100, answer=50):
    return json.dumps(
        {
            "choices": [{"message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": prompt, "completion_tokens": answer},
        }
    )


class Endpoint:
    """Answers each question by `script(number, body)`, which gives status, headers and content."""

    def __init__(self, script):
        self.script, self.bodies, self.headers, self.lock = script, [], [], threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with outer.lock:
                    number = len(outer.bodies)
                    outer.bodies.append(body)
                    outer.headers.append(dict(self.headers))
                status, headers, content = outer.script(number, body)
                if content == "hang":
                    time.sleep(1.5)
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                parts = content if isinstance(content, list) else [content]
                try:
                    for part in parts:
                        self.wfile.write(part.encode())
                        self.wfile.flush()
                        if len(parts) > 1 and len(part) < 100:
                            time.sleep(0.2)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
