"""Services that a notebook starts or asks: real ones on loopback, and ASGI applications.

    service = start_service("forecasts.app:app", ready="/ready")
    httpx.get(service.url + "/forecast", params={"day": "2016-05-04"})
    service.stop()

The first are started by `start_service`; `asgi_requests` asks an application without a socket.
"""

from lepton_course.services.running_service import RunningService, ServiceFailed, start_service

__all__ = ["RunningService", "ServiceFailed", "start_service"]
