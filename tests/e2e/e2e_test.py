"""End to end, as a user would: every command of keymemrt, on the small model and on the MNIST example.

Run by CTest with KEYMEMRT (the driver) and MNIST_MLP (the example's folder in the build tree) in the environment.
"""

import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import arrays
import models

KEYMEMRT = os.environ["KEYMEMRT"]
MNIST_MLP = pathlib.Path(os.environ["MNIST_MLP"])
DIGITS = pathlib.Path(__file__).parent.parent.parent / "examples/mnist-mlp"
OK, FAILED, USAGE, INFEASIBLE, CORRUPT = range(5)


def keymemrt(*arguments, preexec=None):
    return subprocess.run([KEYMEMRT, *map(str, arguments)], capture_output=True, text=True, preexec_fn=preexec, timeout=300)


class Case(unittest.TestCase):
    """A folder of its own per class, and the commands as methods."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="keymemrt_e2e_"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)

    def path(self, name):
        return self.directory / name

    def ok(self, *arguments):
        result = keymemrt(*arguments)
        self.assertEqual(result.returncode, OK, f"{arguments}\n{result.stdout}{result.stderr}")
        return result

    def refused(self, code, pattern, *arguments, preexec=None):
        """The command ends with `code`, a message matching `pattern`, and leaves nothing at its -o."""
        result = keymemrt(*arguments, preexec=preexec)
        self.assertEqual(result.returncode, code, f"{arguments}\n{result.stdout}{result.stderr}")
        self.assertRegex(result.stderr, pattern)
        if "-o" in arguments:
            self.assertFalse(pathlib.Path(arguments[arguments.index("-o") + 1]).exists(), "partial output left behind")
        return result

    def assertClose(self, got, wanted, tolerance):
        self.assertEqual(len(got), len(wanted))
        worst = max(abs(a - b) for a, b in zip(got, wanted))
        self.assertLessEqual(worst, tolerance, f"{got}\n{wanted}")


class Small(Case):
    """The small model, compiled, with keys and an encrypted input, once for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rng = random.Random(20261121)
        cls.x = [rng.uniform(-1, 1) for _ in range(100)]
        cls.weights = [[rng.uniform(-1, 1) for _ in range(models.SLOTS)] for _ in range(4)]
        cls.bias = [rng.uniform(-1, 1) for _ in range(models.SLOTS)]
        (cls.directory / "m.mlir").write_text(models.model())
        arrays.write_npz(cls.directory / "w.npz", {"fc.weights": cls.weights, "fc.bias": cls.bias})
        arrays.write_npy(cls.directory / "x.npy", cls.x)
        for arguments in (("compile", "m.mlir", "-o", "m.kmrt"),
                          ("keygen", "m.kmrt", "--client", "client", "--keys", "keys"),
                          ("encrypt", "m.kmrt", "--client", "client", "--input", "x.npy", "-o", "x.ct"),
                          ("run", "m.kmrt", "--keys", "keys", "--input", "x.ct", "-o", "y.ct", "--weights", "w.npz")):
            result = subprocess.run([KEYMEMRT, *arguments], cwd=cls.directory, capture_output=True, text=True)
            assert result.returncode == 0, f"{arguments}\n{result.stderr}"

    def run_arguments(self, output="out.ct", program="m.kmrt", keys="keys", source="x.ct", weights="w.npz"):
        return ("run", self.path(program), "--keys", self.path(keys), "--input", self.path(source), "-o",
                self.path(output), "--weights", self.path(weights))

    def decrypt(self, source="y.ct", client="client"):
        self.ok("decrypt", self.path("m.kmrt"), "--client", self.path(client), "--input", self.path(source), "-o",
                self.path("y.npy"))
        return arrays.read_npy(self.path("y.npy"))


class Answers(Small):
    def test_decrypted_answer_is_the_cleartext_and_an_independent_reference(self):
        wanted = models.reference(self.x, self.weights, self.bias)
        self.ok("cleartext", self.path("m.kmrt"), "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights",
                self.path("w.npz"))
        self.assertClose(arrays.read_npy(self.path("c.npy")), wanted, 1e-9)
        self.assertClose(self.decrypt(), wanted, 1e-2)

    def test_the_comparison_can_fail(self):
        # A model with one diagonal moved is another function, and both the cleartext and the decryption show it.
        wanted = models.reference(self.x, self.weights, self.bias)
        self.path("moved.mlir").write_text(models.model(indices=(0, 1, -3, 511)))
        self.ok("compile", self.path("moved.mlir"), "-o", self.path("moved.kmrt"))
        self.ok("keygen", self.path("moved.kmrt"), "--client", self.path("moved_client"), "--keys", self.path("moved_keys"))
        self.ok("encrypt", self.path("moved.kmrt"), "--client", self.path("moved_client"), "--input", self.path("x.npy"),
                "-o", self.path("moved_x.ct"))
        self.ok(*self.run_arguments("moved_y.ct", "moved.kmrt", "moved_keys", "moved_x.ct"))
        got = self.decrypt("moved_y.ct", "moved_client")
        self.assertGreater(max(abs(a - b) for a, b in zip(got, wanted)), 0.1)

    def test_every_mode_gives_the_same_bytes(self):
        for mode in ("resident", "imperative", "planned", "prefetch", "streaming"):
            self.ok(*self.run_arguments(f"{mode}.ct"), "--mode", mode, "--threads", "2")
            self.assertEqual(self.path(f"{mode}.ct").read_bytes(), self.path("y.ct").read_bytes(), mode)

    def test_compressed_weights_work_too(self):
        import zipfile
        arrays.write_npz(self.path("deflated.npz"), {"fc.weights": self.weights, "fc.bias": self.bias}, zipfile.ZIP_DEFLATED)
        self.ok(*self.run_arguments("deflated.ct", weights="deflated.npz"))
        self.assertEqual(self.path("deflated.ct").read_bytes(), self.path("y.ct").read_bytes())


    def test_what_orion_writes(self):
        """The same layer with its diagonals in Orion's order, as .safetensors and as Orion's HDF5."""
        indices = (0, 1, 512, models.SLOTS - 3)
        weights = [self.weights[i] for i in (0, 1, 3, 2)]
        wanted = models.reference(self.x, weights, self.bias, indices)
        arrays.write_safetensors(self.path("o.safetensors"), {"fc.weights": weights, "fc.bias": self.bias})
        file = arrays.Hdf5(self.path("o.h5"))
        for index, diagonal in zip(indices, weights):
            file.write(f"/fc/diagonals/0_0/{index}", diagonal)
        file.write("/fc/on_bias", self.bias)
        file.close()
        self.path("o.mlir").write_text(models.model(indices=indices))
        program = self.path("o.kmrt")
        self.ok("compile", self.path("o.mlir"), "-o", program)
        self.ok("keygen", program, "--client", self.path("client"), "--keys", self.path("keys"))
        for file in ("o.safetensors", "o.h5"):
            self.ok("cleartext", program, "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights", self.path(file))
            self.assertClose(arrays.read_npy(self.path("c.npy")), wanted, 1e-9)
            self.ok(*self.run_arguments("o.ct", program="o.kmrt", weights=file))
            self.assertClose(self.decrypt("o.ct"), wanted, 1e-2)


class Secrets(Small):
    def test_secret_key_is_for_its_owner_only(self):
        secrets = [p for p in self.path("client").iterdir() if "secret" in p.name]
        self.assertTrue(secrets)
        for file in secrets:
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)

    def test_the_server_needs_and_holds_no_secret(self):
        self.path("client").rename(self.path("client_away"))
        try:
            self.ok(*self.run_arguments("no_secret.ct"))
        finally:
            self.path("client_away").rename(self.path("client"))
        secret = next(p for p in self.path("client").iterdir() if "secret" in p.name).read_bytes()[-1024:]
        for file in (p for p in self.path("keys").rglob("*") if p.is_file()):
            data = file.read_bytes()
            for piece in (secret[i:i + 32] for i in range(0, len(secret) - 32, 32)):
                if len(set(piece)) > 2:
                    self.assertNotIn(piece, data, file)

    def test_what_is_there_is_not_made_again_and_another_clients_store_is_left_alone(self):
        before = {p: p.read_bytes() for d in ("client", "keys") for p in self.path(d).rglob("*") if p.is_file()}
        self.ok("keygen", self.path("m.kmrt"), "--client", self.path("client"), "--keys", self.path("keys"))
        self.refused(USAGE, "keys", "keygen", self.path("m.kmrt"), "--client", self.path("another"), "--keys", self.path("keys"))
        self.assertEqual({p: p.read_bytes() for d in ("client", "keys") for p in self.path(d).rglob("*") if p.is_file()}, before)


class Security(Case):
    def test_insecure_parameters_are_refused_unless_asked_for_and_then_every_command_says_so(self):
        # A second special prime lifts log2(QP) above the bound for N = 2^12.
        self.path("m.mlir").write_text(models.model(p=models.P + [2147295233]))
        self.refused(CORRUPT, r"m\.mlir:\d+.*128-bit", "compile", self.path("m.mlir"), "-o", self.path("m.kmrt"))
        arrays.write_npy(self.path("x.npy"), [0.5] * 100)
        arrays.write_npz(self.path("w.npz"), {"fc.weights": [[0.1] * models.SLOTS] * 4, "fc.bias": [0.0] * models.SLOTS})
        m, client, keys = self.path("m.kmrt"), self.path("client"), self.path("keys")
        for arguments in (("compile", self.path("m.mlir"), "-o", m, "--insecure"), ("explain", m),
                          ("keygen", m, "--client", client, "--keys", keys),
                          ("encrypt", m, "--client", client, "--input", self.path("x.npy"), "-o", self.path("x.ct")),
                          ("run", m, "--keys", keys, "--input", self.path("x.ct"), "-o", self.path("y.ct"), "--weights",
                           self.path("w.npz")),
                          ("decrypt", m, "--client", client, "--input", self.path("y.ct"), "-o", self.path("y.npy")),
                          ("cleartext", m, "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights",
                           self.path("w.npz"))):
            self.assertIn("INSECURE", self.ok(*arguments).stderr, arguments[0])


class Memory(Small):
    def stats(self, mode, *arguments):
        self.ok(*self.run_arguments("memory.ct"), "--mode", mode, "--stats", self.path("s.json"), *arguments)
        return json.loads(self.path("s.json").read_text())

    def test_key_memory_by_mode(self):
        resident, imperative, streaming = self.stats("resident"), self.stats("imperative"), self.stats("streaming")
        chunk = 8 * 2**models.LOG_N
        one_key = chunk * 3 * 4  # three digits of one limb each, limbs q0 q1 q2 p0
        self.assertLessEqual(imperative["peak_key_bytes"], one_key)
        self.assertGreater(imperative["peak_key_bytes"], 0)
        self.assertEqual(resident["peak_key_bytes"], resident["key_bytes_read"])
        self.assertGreater(resident["peak_key_bytes"], 3 * one_key)
        self.assertLessEqual(streaming["peak_key_bytes"], 33 * chunk)  # the ring: a chunk in use, 32 ahead of it
        self.assertEqual(resident["galois_keys"], 4)
        self.assertEqual(resident["rotations"], 4)
        self.assertEqual(resident["key_switches"], 5)

    def test_an_infeasible_budget_names_the_least_feasible_one_which_works(self):
        result = self.refused(INFEASIBLE, r"\d", *self.run_arguments("infeasible.ct"), "--memory", "1MiB")
        least = max(int(number) for number in re.findall(r"\b(\d{6,})\b", result.stderr))
        stats = self.stats("planned", "--memory", least)
        self.assertLessEqual(stats["peak_rss_bytes"], least)
        self.assertEqual(self.path("memory.ct").read_bytes(), self.path("y.ct").read_bytes())
        self.refused(INFEASIBLE, r"\d", *self.run_arguments("infeasible.ct"), "--memory", least - 65536)


class BadInput(Small):
    def test_wrong_usage(self):
        for arguments in ((), ("frobnicate",), ("run",), ("run", "--no-such-option"), ("compile",),
                          (*self.run_arguments(), "--mode", "fastest"), (*self.run_arguments(), "--memory", "lots"),
                          (*self.run_arguments(), "--threads", "0"),
                          ("explain", self.path("missing.kmrt")), ("compile", self.path("missing.mlir"), "-o", self.path("o"))):
            self.refused(USAGE, ".", *arguments)
        for command in ((), ("compile",), ("explain",), ("keygen",), ("encrypt",), ("run",), ("decrypt",), ("cleartext",),
                        ("keys",)):
            self.assertIn("--help", self.ok(*command, "--help").stdout)

    def test_models_that_cannot_be_compiled(self):
        q, p = models.Q, models.P
        cases = {
            "unknown op": (models.model(body="\n    %y = ckks.frobnicate %x : !ct\n    return %y : !ct"), "frobnicate"),
            "not mlir": ("this is not MLIR", r"m\.mlir:1:1"),
            "binary": ("\x00\x01\x02", "m.mlir"),
            "no prime = 1 mod 2N": (models.model(q=[q[0], 8388593, q[2]]), "8388593"),
            "P a power of two": (models.model(p=[2**31]), "2147483648"),
            "P missing": (models.model(p=[]).replace("P = []", "P = array<i64>"), "."),
            "logN": (models.model().replace("logN = 12", "logN = 30"), "30|logN"),
            "diagonal count": (models.model().replace("array<i32: 0, 1, -3, 512>", "array<i32: 0, 1, -3>"), r"m\.mlir:\d+:\d+"),
            "out of levels": (models.model(q=q[:1]), r"m\.mlir:\d+:\d+.*level"),
        }
        for name, (text, pattern) in cases.items():
            with self.subTest(name):
                self.path("bad").mkdir(exist_ok=True)
                (self.path("bad") / "m.mlir").write_text(text)
                self.refused(CORRUPT, pattern, "compile", self.path("bad/m.mlir"), "-o", self.path("bad/m.kmrt"))

    def test_damaged_files(self):
        rng = random.Random(7)
        key = max((p for p in self.path("keys").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size).relative_to(self.directory)
        manifest = next(p for p in self.path("keys").iterdir() if "manifest" in p.name).relative_to(self.directory)
        secret, public = (next(p for p in self.path("client").iterdir() if kind in p.name).relative_to(self.directory)
                          for kind in ("secret", "public"))
        run = self.run_arguments("damaged.ct")
        encrypt = ("encrypt", self.path("m.kmrt"), "--client", self.path("client"), "--input", self.path("x.npy"), "-o",
                   self.path("damaged.ct"))
        decrypt = ("decrypt", self.path("m.kmrt"), "--client", self.path("client"), "--input", self.path("y.ct"), "-o",
                   self.path("damaged.npy"))
        for name, command in (("m.kmrt", run), ("x.ct", run), (str(key), run), (str(manifest), run), ("w.npz", run),
                              (str(secret), decrypt), (str(public), encrypt), ("y.ct", decrypt), ("x.npy", encrypt)):
            original = self.path(name).read_bytes()
            damages = [("truncated", original[:len(original) * 2 // 3]), ("empty", b""), ("foreign", b"hello, world" * 500)]
            # A flipped bit in the numbers of an .npy or .npz is another number, not damage that can be seen; the header is.
            if not name.endswith((".npy", ".npz")):
                for _ in range(3):
                    flipped = bytearray(original)
                    # Aim at a key's chunks and at the first bytes, not at the padding.
                    position = rng.randrange(len(original) // 2, len(original)) if rng.random() < 0.7 else rng.randrange(8)
                    flipped[position] ^= 1 << rng.randrange(8)
                    damages.append((f"bit flipped in byte {position}", bytes(flipped)))
            try:
                for damage, data in damages:
                    with self.subTest(f"{name} {damage}"):
                        self.path(name).write_bytes(data)
                        self.refused(CORRUPT, re.escape(pathlib.Path(name).name), *command)
            finally:
                self.path(name).write_bytes(original)
        self.ok(*run)

    def test_files_that_do_not_belong_together(self):
        self.ok("keygen", self.path("m.kmrt"), "--client", self.path("client2"), "--keys", self.path("keys2"))
        self.refused(CORRUPT, "x.ct|keys2", *self.run_arguments(keys="keys2"))
        self.refused(CORRUPT, "y.ct|client2", "decrypt", self.path("m.kmrt"), "--client", self.path("client2"), "--input",
                     self.path("y.ct"), "-o", self.path("other.npy"))
        # The keys of a program that never rotates by 5 miss a key for one that does.
        self.path("other.mlir").write_text(models.model().replace("static_shift = 5", "static_shift = 6"))
        self.ok("compile", self.path("other.mlir"), "-o", self.path("other.kmrt"))
        self.refused(CORRUPT, "keys", *self.run_arguments(program="other.kmrt"))
        self.path("other_q.mlir").write_text(models.model(q=[models.Q[0], models.Q[2], models.Q[1]]))
        self.ok("compile", self.path("other_q.mlir"), "-o", self.path("other_q.kmrt"))
        self.refused(CORRUPT, "parameter|moduli", *self.run_arguments(program="other_q.kmrt"))

    def test_wrong_arrays(self):
        good = {"fc.weights": self.weights, "fc.bias": self.bias}
        for name, content, pattern in (
                ("missing array", {"fc.weights": self.weights}, "fc.bias"),
                ("too few rows", good | {"fc.weights": self.weights[:3]}, "fc.weights"),
                ("too few columns", good | {"fc.weights": [row[:64] for row in self.weights]}, "fc.weights"),
                ("not finite", good | {"fc.bias": [float("nan")] * models.SLOTS}, "fc.bias"),
        ):
            with self.subTest(name):
                arrays.write_npz(self.path("bad.npz"), content)
                self.refused(CORRUPT, pattern, *self.run_arguments("bad.ct", weights="bad.npz"))
        self.refused(USAGE, "weights", *self.run_arguments("bad.ct")[:-2])
        arrays.write_npy(self.path("short.npy"), self.x[:99])
        self.refused(CORRUPT, "100", "encrypt", self.path("m.kmrt"), "--client", self.path("client"), "--input",
                     self.path("short.npy"), "-o", self.path("bad.ct"))

    def test_values_that_outgrow_the_modulus(self):
        arrays.write_npz(self.path("large.npz"), {"fc.weights": [[500.0] * models.SLOTS] * 4, "fc.bias": self.bias})
        arrays.write_npy(self.path("ones.npy"), [1.0] * 100)
        result = keymemrt("cleartext", self.path("m.kmrt"), "--input", self.path("ones.npy"), "-o", self.path("c.npy"),
                          "--weights", self.path("large.npz"))
        self.assertRegex(result.stderr, r"m\.mlir:\d+:\d+.*modulus")
        self.assertEqual(result.returncode, FAILED)

    def test_outputs_that_cannot_be_written_are_refused_before_the_run(self):
        for option in ("--stats", "--trace", "--report"):
            for path in (self.path("nowhere") / "x", self.directory):
                with self.subTest(option, path=path):
                    self.refused(USAGE, re.escape(str(path)), *self.run_arguments("early.ct"), option, path)
        self.refused(USAGE, "nowhere", *self.run_arguments("nowhere/early.ct"))

    def test_a_full_disk(self):
        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        self.refused(FAILED, "full.ct", *self.run_arguments("full.ct"), preexec=small_files)
        result = self.refused(FAILED, ".", "keygen", self.path("m.kmrt"), "--client", self.path("full_client"), "--keys",
                              self.path("full_keys"), preexec=small_files)
        self.refused(USAGE, "full_keys", *self.run_arguments("full.ct", keys="full_keys"))
        leftovers = [p.name for p in self.directory.rglob("*") if re.search(r"\.[A-Za-z0-9]{6}$", p.name)]
        self.assertEqual(leftovers, [], result.stderr)


class Keys(Small):
    def test_ls_and_verify_and_rm(self):
        listing = self.ok("keys", "ls", self.path("keys")).stdout
        self.assertEqual(len(re.findall("rotation", listing)), 4, listing)
        # What explain says of the store before it exists, less what is around the chunks of each file: header and table.
        foretold = json.loads(self.ok("explain", self.path("m.kmrt"), "--json").stdout)
        files = [p.stat().st_size for p in self.path("keys").rglob("*.kseg")]
        self.assertEqual(foretold["key_store_bytes"], sum(files) - 2 * 4096 * len(files))
        self.ok("keys", "verify", self.path("keys"))
        shutil.copytree(self.path("keys"), self.path("copy"))
        file = max((p for p in self.path("copy").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
        data = bytearray(file.read_bytes())
        data[-100] ^= 4
        file.write_bytes(data)
        self.refused(CORRUPT, re.escape(file.name), "keys", "verify", self.path("copy"))
        self.ok("keys", "rm", self.path("copy"))
        self.assertFalse(self.path("copy").exists())
        self.path("precious").mkdir()
        (self.path("precious") / "file").write_text("keep")
        self.refused(USAGE, "precious", "keys", "rm", self.path("precious"))
        self.assertTrue((self.path("precious") / "file").exists())


class Explain(Case):
    """What is said before any key exists."""

    def test_forecasts(self):
        model, m = MNIST_MLP / "model.mlir", self.path("m.kmrt")
        self.ok("compile", model, "-o", m)
        least = json.loads(self.ok("explain", m, "--json").stdout)["least_budget_bytes"]
        of_program = json.loads(self.ok("explain", m, "--json", "--memory", f"{least},48MiB").stdout)
        in_memory = sum(key["bytes"] for key in of_program["keys"])  # residues of 27 bits and more, packed in files
        self.assertTrue(in_memory * 27 / 64 < of_program["key_store_bytes"] < in_memory)
        self.assertAlmostEqual(of_program["upload_seconds"], of_program["key_store_bytes"] * 8 / 100e6)
        modes = [entry["mode"] for entry in of_program["predicted"]]
        self.assertEqual(modes, ["resident", "prefetch", "imperative", "streaming", "planned", "planned"])
        for entry in of_program["predicted"]:
            self.assertGreater(entry["wall_seconds"], 0)
            self.assertGreaterEqual(entry["wall_seconds"] * (1 + 1e-9), entry["wall_seconds_lower_bound"])
        tight, ample = of_program["predicted"][4:]
        self.assertLessEqual(tight["peak_bytes"], least)
        self.assertGreater(tight["key_bytes_read"], ample["key_bytes_read"])
        # A model is compiled on the way, without leaving anything; more threads are not slower.
        of_model = json.loads(self.ok("explain", model, "--json", "--threads", 2, "--line", 200).stdout)
        self.assertEqual(of_model["keys"], of_program["keys"])
        self.assertAlmostEqual(of_model["upload_seconds"], of_program["upload_seconds"] / 2)
        self.assertLessEqual(of_model["predicted"][3]["wall_seconds"], of_program["predicted"][3]["wall_seconds"])
        self.refused(USAGE, "line", "explain", m, "--line", 0)
        # A store twice as fast; an infeasible budget is told beside the others and ends with 3.
        slow, fast = (json.loads(self.ok("explain", m, "--json", "--bandwidth", rate).stdout)["predicted"][3]
                      for rate in ("50MB", "100MB"))
        self.assertAlmostEqual(slow["wall_seconds"], 2 * fast["wall_seconds"], delta=0.1 * slow["wall_seconds"])
        self.assertEqual(slow["disk_bound_threads"], 1)
        refused = self.refused(INFEASIBLE, str(least), "explain", m, "--json", "--memory", f"{least - 1},48MiB")
        infeasible, ample = json.loads(refused.stdout)["predicted"][4:]
        self.assertIn(str(least), infeasible["infeasible"])
        self.assertLessEqual(ample["peak_rss_bytes"], 48 << 20)
        self.assertIn(" 0 %", self.ok("explain", m, "--memory", least).stdout)
        (self.path("bad.mlir")).write_text("func.func @f(")
        self.refused(CORRUPT, "bad.mlir", "explain", self.path("bad.mlir"))

    def test_plot(self):
        m, plot = self.path("m2.kmrt"), self.path("time.svg")
        self.ok("compile", MNIST_MLP / "model.mlir", "-o", m)
        self.ok("explain", m, "--plot", plot)
        root = xml.etree.ElementTree.parse(plot).getroot()
        self.assertTrue(root.tag.endswith("svg"))
        texts = [element.text for element in root.iter() if element.tag.endswith("text")]
        for word in ("planned", "resident", "streaming", "seconds"):
            self.assertIn(word, texts)
        self.assertRegex(" ".join(texts), r"least feasible: [0-9.]+ MiB")
        self.refused(USAGE, "nowhere", "explain", m, "--plot", "/nowhere/time.svg")


class KeySets(Case):
    """Keys chosen over the whole program."""

    def test_by_time_memory_and_upload(self):
        model, weights = MNIST_MLP / "model.mlir", MNIST_MLP / "weights.npz"
        pixels = arrays.read_npy(DIGITS / "digits.npy")
        arrays.write_npy(self.path("x.npy"), [v / 255 for v in pixels[:784]])
        told = {}
        for wish in ("time", "memory", "upload"):
            m, client, keys = (self.path(f"{wish}.{end}") for end in ("kmrt", "client", "keys"))
            self.ok("compile", model, "-o", m, "--optimize", wish)
            told[wish] = json.loads(self.ok("explain", m, "--json").stdout)
            self.ok("keygen", m, "--client", client, "--keys", keys)
            self.ok("encrypt", m, "--client", client, "--input", self.path("x.npy"), "-o", self.path("x.ct"))
            self.ok("cleartext", m, "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights", weights)
            for mode in ("resident", "streaming"):
                self.ok("run", m, "--keys", keys, "--input", self.path("x.ct"), "-o", self.path(f"{mode}.ct"), "--weights",
                        weights, "--mode", mode)
            self.assertEqual(self.path("resident.ct").read_bytes(), self.path("streaming.ct").read_bytes())
            self.ok("decrypt", m, "--client", client, "--input", self.path("streaming.ct"), "-o", self.path("y.npy"))
            clear = arrays.read_npy(self.path("c.npy"))
            self.assertClose(arrays.read_npy(self.path("y.npy")), clear, 1e-2 * max(map(abs, clear)))
        # Time is the default; forms by hand are no choice at all.
        self.ok("compile", model, "-o", self.path("default.kmrt"))
        self.assertEqual(self.path("default.kmrt").read_bytes(), self.path("time.kmrt").read_bytes())
        self.ok("compile", model, "-o", self.path("by_hand.kmrt"), "--transform-form", "bsgs")
        by_hand = json.loads(self.ok("explain", self.path("by_hand.kmrt"), "--json").stdout)
        self.assertLess(told["time"]["key_store_bytes"], by_hand["key_store_bytes"])
        self.assertLess(told["upload"]["key_store_bytes"], min(told[w]["key_store_bytes"] for w in ("time", "memory")))
        self.assertLess(told["memory"]["least_budget_bytes"], min(told[w]["least_budget_bytes"] for w in ("time", "upload")))
        # What is foretold of a model, of sets that differ by a tenth, is what its programs have.
        sets = json.loads(self.ok("explain", model, "--json").stdout)["key_sets"]
        self.assertEqual([s["seconds"] for s in sets], sorted(s["seconds"] for s in sets))
        fewest = sum(key["bytes"] for key in told["upload"]["keys"])
        self.assertAlmostEqual(min(s["key_bytes"] for s in sets), fewest, delta=0.1 * fewest)
        least = told["memory"]["least_budget_bytes"]
        self.assertAlmostEqual(min(s["least_budget_bytes"] for s in sets), least, delta=0.1 * least)
        self.assertIn("other sets of keys", self.ok("explain", model).stdout)
        # Within a budget; what cannot be, and what it would take.
        budget = (least + told["time"]["least_budget_bytes"]) // 2
        self.ok("compile", model, "-o", self.path("within.kmrt"), "--memory", budget)
        within = json.loads(self.ok("explain", self.path("within.kmrt"), "--json", "--memory", budget).stdout)
        self.assertLessEqual(within["least_budget_bytes"], budget)
        self.ok("compile", model, "-o", self.path("least.kmrt"), "--memory", least)
        self.refused(INFEASIBLE, str(least), "compile", model, "-o", self.path("none.kmrt"), "--memory", least - 1)
        self.refused(USAGE, "excludes", "compile", model, "-o", self.path("none.kmrt"), "--memory", least, "--transform-form",
                     "horner")


class Import(Case):
    """A trained network, as it comes."""

    def test_convolutions(self):
        """The convolutional example, encrypted."""
        model, weights = MNIST_MLP.parent / "mnist-cnn/model.mlir", MNIST_MLP.parent / "mnist-cnn/weights.npz"
        m, client, keys = self.path("m.kmrt"), self.path("client"), self.path("keys")
        self.ok("compile", model, "-o", m)
        self.ok("keygen", m, "--client", client, "--keys", keys)
        pixels, labels = arrays.read_npy(DIGITS / "digits.npy"), arrays.read_npy(DIGITS / "digit_labels.npy")
        arrays.write_npy(self.path("x.npy"), [v / 255 for v in pixels[784 * 3:784 * 4]])
        self.ok("encrypt", m, "--client", client, "--input", self.path("x.npy"), "-o", self.path("x.ct"))
        self.ok("cleartext", m, "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights", weights)
        self.ok("run", m, "--keys", keys, "--input", self.path("x.ct"), "-o", self.path("y.ct"), "--weights", weights)
        self.ok("decrypt", m, "--client", client, "--input", self.path("y.ct"), "-o", self.path("y.npy"))
        got, clear = arrays.read_npy(self.path("y.npy")), arrays.read_npy(self.path("c.npy"))
        self.assertEqual(len(got), 10)
        self.assertClose(got, clear, 1e-2 * max(map(abs, clear)))
        self.assertEqual(max(range(10), key=got.__getitem__), labels[3])

    def test_bad_input(self):
        onnx, out = DIGITS / "model.onnx", ("-o", self.path("m.mlir"), "--weights-out", self.path("w.npz"))
        self.path("cut.onnx").write_bytes(onnx.read_bytes()[:1000])
        self.refused(CORRUPT, "cut.onnx", "import", self.path("cut.onnx"), *out)
        self.refused(USAGE, "none.onnx", "import", self.path("none.onnx"), *out)
        arrays.write_npy(self.path("short.npy"), [0.0] * 783)
        self.refused(CORRUPT, "783 numbers", "import", onnx, *out, "--calibrate", self.path("short.npy"))
        self.assertFalse(self.path("m.mlir").exists() or self.path("w.npz").exists())
        self.ok("import", onnx, *out, "--calibrate", DIGITS / "digits.npy")
        self.assertTrue(self.path("m.mlir").exists() and self.path("w.npz").exists())


class MnistMlp(Case):
    """The example: two digits, three modes, within a budget."""

    def test_digits(self):
        model, weights = MNIST_MLP / "model.mlir", MNIST_MLP / "weights.npz"
        m, client, keys = self.path("m.kmrt"), self.path("client"), self.path("keys")
        self.ok("compile", model, "-o", m)
        self.assertRegex(self.ok("explain", m).stdout, r"N=2\^13.*128-bit secure")
        least = json.loads(self.ok("explain", m, "--json").stdout)["least_budget_bytes"]
        self.ok("keygen", m, "--client", client, "--keys", keys)
        pixels, labels = arrays.read_npy(DIGITS / "digits.npy"), arrays.read_npy(DIGITS / "digit_labels.npy")
        for image in (0, 7):
            arrays.write_npy(self.path("x.npy"), [v / 255 for v in pixels[784 * image:784 * (image + 1)]])
            self.ok("encrypt", m, "--client", client, "--input", self.path("x.npy"), "-o", self.path("x.ct"))
            self.ok("cleartext", m, "--input", self.path("x.npy"), "-o", self.path("c.npy"), "--weights", weights)
            clear = arrays.read_npy(self.path("c.npy"))
            results = {}
            for mode, budget in (("planned", least), ("imperative", None), ("resident", None)):
                self.ok("run", m, "--keys", keys, "--input", self.path("x.ct"), "-o", self.path("y.ct"), "--weights", weights,
                        "--mode", mode, "--stats", self.path("s.json"), *(("--memory", budget) if budget else ()))
                results[mode] = self.path("y.ct").read_bytes()
                stats = json.loads(self.path("s.json").read_text())
                self.assertLessEqual(stats["rotations"], 90)
                if budget:
                    # What a process takes beside the plan varies by 150 KiB from run to run: it must not be near the limit.
                    self.assertLessEqual(stats["peak_rss_bytes"], budget - (256 << 10))
            self.assertEqual(len(set(results.values())), 1)
            self.ok("decrypt", m, "--client", client, "--input", self.path("y.ct"), "-o", self.path("y.npy"))
            got = arrays.read_npy(self.path("y.npy"))
            self.assertEqual(len(got), 10)
            self.assertClose(got, clear, 1e-2 * max(map(abs, clear)))
            self.assertEqual(max(range(10), key=got.__getitem__), labels[image])


if __name__ == "__main__":
    unittest.main(verbosity=2)
