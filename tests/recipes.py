"""Runs the Python blocks of a Markdown page against a published version.   recipes.py PAGE VERSION_DIR"""
import pathlib, re, sys

page, version = sys.argv[1:3]
blocks = re.findall(r"^```python\n(.*?)^```", pathlib.Path(page).read_text(encoding="utf-8"), re.M | re.S)
assert blocks, f"{page} has no Python blocks"
for number, block in enumerate(blocks, 1):
    assert '"out/customer-360/latest"' in block, f"block {number} does not read the sample version"
    code = block.replace('"out/customer-360/latest"', repr(version))
    exec(compile(code, f"{page} block {number}", "exec"), {"__name__": "recipe"})
    print(f"{page}: block {number} ran")
