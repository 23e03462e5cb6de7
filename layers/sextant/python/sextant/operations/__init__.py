"""Operations: failures are noticed, explained and acted on."""
