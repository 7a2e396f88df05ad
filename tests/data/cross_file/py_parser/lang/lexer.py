import re

TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|([a-z_]+)|(.))")


def tokens(source: str):
    for number, name, operator in TOKEN.findall(source):
        yield number or name or operator
