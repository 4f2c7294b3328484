"""The espeak-ng engine as a subprocess: words in, WAV out; it reads only what it is handed."""

import asyncio

from ioc.speech.errors import SpeechUnavailable

# Slower than espeak's 175: out of doors the echo of one word must not cover the next.
_WORDS_PER_MINUTE = 150
_TIMEOUT_S = 30.0


async def speak(words: str, *, program: str = "espeak-ng") -> bytes:
    """Speak words in Vietnamese; a WAV file of 16-bit mono.

    Raises:
        SpeechUnavailable: The program is missing, fails, or takes longer than 30 s.
    """
    arguments = ("-v", "vi", "-s", str(_WORDS_PER_MINUTE), "-b", "1", "--stdin", "--stdout")
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise SpeechUnavailable(f"{program}: {error.strerror}") from error
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            wav, complaint = await process.communicate(words.encode())
    except TimeoutError as error:
        raise SpeechUnavailable(f"{program}: no answer within {_TIMEOUT_S:.0f} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not wav:
        reason = complaint.decode(errors="replace").strip().splitlines()
        raise SpeechUnavailable(f"{program}: {reason[-1] if reason else 'no audio came back'}")
    return wav
