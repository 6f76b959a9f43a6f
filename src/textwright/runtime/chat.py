"""A chat put together to one text, by the template that a checkpoint was trained with."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NoReturn

from textwright.errors import ArtifactError, UsageError
from textwright.text.special_tokens import SpecialTokens
from textwright.text.tokenizer import Tokenizer, clean_text

Message = dict[str, str]  # role and content
BRACKETED = re.compile(r"\[/?[A-Z_]+\]|<</?[A-Z_]+>>|<\|[^\s<|>]+\|>")  # as templates mark turns


class ChatTemplate:
    """A Jinja template over messages, run where it can reach nothing else."""

    def __init__(
        self,
        source: str,
        special: SpecialTokens,
        tokenizer: Tokenizer,
        stops: Sequence[int] = (),
        *,
        longest: int,
    ) -> None:
        """Compile it; raises ArtifactError for what is no template.

        stops:   tokens that end what the model says, the plain one first.
        longest: characters of a chat; a longer one is read by nobody, and so not looked through.
        """
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        self.special = special
        self.longest = longest
        self.normalizer = tokenizer.inner.normalizer
        added = tokenizer.inner.encode("").tokens
        self.given = {
            "bos_token": added[0] if added else "",
            "eos_token": str(tokenizer.inner.id_to_token(stops[0])) if stops else "",
            "add_generation_prompt": True,
        }
        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals.update(raise_exception=refuse, strftime_now=tell_time)
        try:
            self.template = environment.from_string(source)
            self.literals = find_literals(environment.parse(source))
        except TemplateError as error:
            raise ArtifactError(f"The chat template is none: {error}.", "Mend it.") from error

    def render(self, messages: Sequence[Message]) -> str:
        """Give the text that a model answers to.

        Raises UsageError for messages that hold a special token of the template, as if a turn
        ended in them, and for those that the template does not take, such as two turns of one role.
        """
        from jinja2 import TemplateError

        try:
            chat = self.template.render(messages=[dict(each) for each in messages], **self.given)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            what = f"The messages do not fit this model's chat template: {error}"
            raise UsageError(
                f"{what.rstrip('.')[:500]}.", "Send others, or in another order."
            ) from error
        if len(chat) <= self.longest:
            for each in messages:
                self.check(each["content"])
        return chat

    def check(self, content: str) -> None:
        """Refuse a message that would be read as if a turn ended or began in it."""
        content = clean_text(content)
        normal = self.normalizer.normalize_str(content) if self.normalizer else content
        literals = (each for each in self.literals if each in content or each in normal)
        found = next(literals, None) or self.special.first_in(content)
        if found is not None:
            what = f"A message holds {found!r}, which ends or begins a turn."
            raise UsageError(what, "Leave it out, or write it otherwise.")


def find_literals(template: Any) -> list[str]:
    """Give the words in brackets, such as ``[INST]``, that a parsed template itself writes."""
    from jinja2 import nodes

    plain = [each.data for each in template.find_all(nodes.TemplateData)]
    quoted = [str(each.value) for each in template.find_all(nodes.Const)]
    return sorted(set(BRACKETED.findall("\n".join([*plain, *quoted]))))


def refuse(reason: Any) -> NoReturn:
    """Refuse messages: what a template calls."""
    from jinja2 import TemplateError

    raise TemplateError(str(reason))


def tell_time(form: str) -> str:
    """Give the time of day in a form: what a template calls."""
    return datetime.now().strftime(form)
