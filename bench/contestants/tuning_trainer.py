"""Tune an encoder for one pass over the rows of a job file with transformers' Trainer."""

import json
import sys
import tempfile
from pathlib import Path

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)


def main() -> None:
    """Train with the settings that the other contestant has, and print texts/s."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(job["threads"])
    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    order = [row for batch in job["batches"] for row in batch]
    encoded = tokenizer([job["texts"][row] for row in order], truncation=True, max_length=256)
    rows = [
        {"input_ids": ids, "attention_mask": mask, "labels": job["labels"][row]}
        for ids, mask, row in zip(
            encoded["input_ids"], encoded["attention_mask"], order, strict=True
        )
    ]
    model = AutoModelForSequenceClassification.from_pretrained(
        job["model"], num_labels=job["classes"], dtype=torch.float32
    )
    model.bert.embeddings.requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=job["batch"],
            train_sampling_strategy="sequential",  # the rows stand in the order of the batches
            learning_rate=2e-4,
            lr_scheduler_type="linear",
            warmup_steps=0.1,
            weight_decay=0.01,
            max_grad_norm=1.0,
            seed=job["seed"],
            use_cpu=True,
            dataloader_pin_memory=False,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        collator = DataCollatorWithPadding(tokenizer)
        trainer = Trainer(model, arguments, train_dataset=rows, data_collator=collator)
        found = trainer.train().metrics
    rate = found["train_samples_per_second"]
    print(json.dumps({"texts_per_second": rate, "loss": found["train_loss"]}))


if __name__ == "__main__":
    main()
