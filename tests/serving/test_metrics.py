"""The counters as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

from textwright.serving.metrics import ServerMetrics


def filled() -> ServerMetrics:
    metrics = ServerMetrics()
    metrics.requests.labels("/a", 200).inc()
    metrics.seconds.labels("/a").observe(0.02)
    metrics.batch_items.labels("intents").observe(32)
    metrics.queue.labels("intents").set(7)
    return metrics


def test_prometheus_reads_them_back() -> None:
    families = {
        each.name: each for each in text_string_to_metric_families(filled().text().decode())
    }
    (requests,) = families["textwright_requests"].samples
    assert (requests.labels, requests.value) == ({"route": "/a", "status": "200"}, 1.0)
    assert families["textwright_queue_items"].samples[0].value == 7.0
    buckets = families["textwright_batch_items"].samples
    assert [each.value for each in buckets if each.labels.get("le") in ("16.0", "32.0")] == [0, 1]


def test_every_name_has_our_prefix_and_a_meaning() -> None:
    for each in text_string_to_metric_families(filled().text().decode()):
        assert each.name.startswith("textwright_")
        assert each.documentation.endswith(".")


def test_two_servers_in_one_process_count_apart() -> None:
    filled()
    assert b"textwright_requests_total{" not in ServerMetrics().text()
