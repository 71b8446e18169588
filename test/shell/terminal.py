# A terminal for tests: runs a command behind a pseudo-terminal and plays steps read from standard input.
#
#   in   {"command": [...], "env": {...}, "columns": 100, "rows": 30, "steps": [step ...]}
#   step {"send": text} | {"see": text} | {"repeat": text, "until": text} | {"file": path, "text": text} | {"signal": name}
#   out  {"output": text, "seen": [text up to each "see", since the one before], "exit": code or null, "missing": text or null}
#
# "see" waits until the text has come since what was seen before; "repeat" sends again, each time after the prompt has come
# back, until the text comes; "file" is put in place by rename.
import json, os, pty, select, signal, struct, sys, termios, time, fcntl

job = json.load(sys.stdin)
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(job.get("env", {}))
    os.execvp(job["command"][0], job["command"])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", job.get("rows", 30), job.get("columns", 100), 0, 0))

output, mark, seen, missing, open_ = b"", 0, [], None, True


def read(seconds):
    global output, open_
    ready, _, _ = select.select([fd], [], [], seconds)
    if not ready:
        return
    try:
        data = os.read(fd, 65536)
    except OSError:
        data = b""
    if data == b"":
        open_ = False
    output += data


for step in job["steps"]:
    if "see" in step:
        end = time.monotonic() + step.get("within", 20)
        wanted = step["see"].encode()
        while wanted not in output[mark:] and open_ and time.monotonic() < end:
            read(0.05)
        at = output.find(wanted, mark)
        if at < 0:
            missing = step["see"]
            break
        seen.append(output[mark : at + len(wanted)].decode(errors="replace"))
        mark = at + len(wanted)
    elif "repeat" in step:
        end = time.monotonic() + step.get("within", 20)
        wanted = step["until"].encode()
        while wanted not in output[mark:] and open_ and time.monotonic() < end:
            mark = len(output)
            os.write(fd, step["repeat"].encode())
            while b"millrace> " not in output[mark:] and open_ and time.monotonic() < end:
                read(0.05)
            pause = time.monotonic() + 0.1
            while time.monotonic() < pause:
                read(0.02)
        at = output.find(wanted, mark)
        if at < 0:
            missing = step["until"]
            break
        mark = at + len(wanted)
    elif "send" in step:
        os.write(fd, step["send"].encode())
    elif "file" in step:
        hidden = os.path.join(os.path.dirname(step["file"]), "." + os.path.basename(step["file"]))
        with open(hidden, "w") as f:
            f.write(step["text"])
        os.rename(hidden, step["file"])
    elif "signal" in step:
        os.kill(pid, getattr(signal, step["signal"]))

end = time.monotonic() + (10 if missing is None else 0)
exit_code = None
while time.monotonic() < end:
    if open_:
        read(0.05)
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        exit_code = os.waitstatus_to_exitcode(status)
        break
    if not open_:
        time.sleep(0.02)
if exit_code is None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
json.dump({"output": output.decode(errors="replace"), "seen": seen, "exit": exit_code, "missing": missing}, sys.stdout)
